"""The examples of UIs that need no browser, each in its own environment."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.ui.browser.conftest import PATCHED
from tests.ui.browser.pages import EXAMPLES
from tests.ui.browser.run import ROOT, environment

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", ["textual", "jupyter"])
def test_a_conversation(name: str, tmp_path: Path) -> None:
    """Answers grow, stop ends one, errors are told, and the next message knows what was said."""
    log = tmp_path / "log"
    subprocess.run(
        [environment(name) / "bin" / "python", Path(__file__).parent / f"{name}_pilot.py"],
        env={
            **os.environ,
            "CHATADAPTERS_UI_LOG": str(log),
            "PYTHONPATH": os.pathsep.join(map(str, (PATCHED, EXAMPLES, ROOT))),
        },
        check=True,
        cwd=tmp_path,
        timeout=60,
    )
    asked = [line for line in log.read_text().splitlines() if line.startswith("asked ")]
    messages = json.loads(asked[-1].removeprefix("asked "))["messages"]
    said = [(message["role"], message["content"].strip()) for message in messages[1:]]
    (_, partial) = said.pop(3)
    assert said == [
        ("user", "one"),
        ("assistant", "I was told: one"),
        ("user", "slow"),
        ("user", "fail"),
        ("assistant", "It went well."),
        ("user", "last"),
    ]
    assert partial.startswith("word0 word1 word2 word3 word4 word5")
    assert "word79" not in partial
