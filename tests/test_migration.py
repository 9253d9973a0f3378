"""docs/migration.md: what stands before and after prints the same."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from chatadapters.testing import ModelServer, TgiServer, tgi_server

PAGE = (Path(__file__).parent.parent / "docs" / "migration.md").read_text("utf-8")
BLOCKS = {
    (when, name): code
    for when, name, code in re.findall(
        r'^```python title="(before|after): ([\w-]+)"\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL
    )
}
#: What each needs; the environment `hub-0` has some of these and the usual one the others.
NEEDS = {
    "openai": "openai",
    "langchain": "langchain_openai",
    "load_chat": "gradio",
    "text-generation": "text_generation",
    "fastchat": "fastchat",
    "dialogue": "chatadapters",
}


@pytest.fixture(scope="module")
def tgi() -> Iterator[TgiServer]:
    with tgi_server() as server:
        yield server


def test_every_pair_is_whole() -> None:
    """Each thing to come from has a block before and one after, and is run somewhere."""
    assert {name for _, name in BLOCKS} == NEEDS.keys()
    assert len(BLOCKS) == 2 * len(NEEDS)


@pytest.mark.parametrize("name", [name for name, package in NEEDS.items() if find_spec(package)])
def test_before_and_after_print_the_same(
    name: str, model_server: ModelServer, tgi: TgiServer, tmp_path: Path
) -> None:
    """Both programs run as they stand on the page, against the same servers."""
    # The original class has no package; its users' code runs on ours under its module's name.
    (tmp_path / "dialogues.py").write_text(
        "from chatadapters import DialogueTemplate as DialogueTemplate\n", encoding="utf-8"
    )
    servers = {
        "OPENAI_BASE_URL": model_server.base_url,
        "OPENAI_API_KEY": "none",
        "TGI_URL": tgi.base_url,
        "GRADIO_ANALYTICS_ENABLED": "False",
    }
    before, after = (
        subprocess.run(
            [sys.executable, "-c", BLOCKS[when, name]],
            cwd=tmp_path,
            env={**os.environ, **servers},
            capture_output=True,
            text=True,
            check=False,
        )
        for when in ("before", "after")
    )
    assert before.returncode == 0, before.stderr
    assert after.returncode == 0, after.stderr
    assert before.stdout.strip()
    assert before.stdout.strip() == after.stdout.strip()
