"""An interrupt may come at any moment: a reply is then exact or an error."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from chatadapters import Finish, make_predict
from chatadapters._transcript import Transcript
from chatadapters.testing import ScriptedBackend
from tests.both import Run
from tests.torture.interrupted import Alarm


@pytest.mark.parametrize("kind", ["Interrupt", "Alarm"])
@pytest.mark.parametrize("backend", ["openai-chat", "tgi"])
def test_interrupts_at_random_moments(backend: str, kind: str) -> None:
    """No reply ends as if all were well without being exact; no connection or thread is left."""
    try:
        ended = _ended(backend, kind)
    except subprocess.TimeoutExpired:  # an interrupt hit one of Python's own locks
        ended = _ended(backend, kind)
    assert ended.stdout.startswith("200 replies"), ended.stderr[-4000:]


def _ended(backend: str, kind: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.torture.interrupted", backend, kind]
    quiet = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    return subprocess.run(
        command, env=quiet, capture_output=True, text=True, timeout=50, check=False
    )


def test_what_breaks_while_text_is_taken_never_ends_well(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where text that came with the finish is lost to an interrupt, the reply is an error."""
    add = Transcript.add

    def interrupted(self: Transcript, event: Any) -> None:
        if getattr(event, "delta", "").endswith("you"):  # it may come with what is before it
            raise Alarm
        add(self, event)

    monkeypatch.setattr(Transcript, "add", interrupted)
    predict = make_predict(ScriptedBackend(["Hello ", "you", Finish("stop")]), pace=0)
    with pytest.raises(Alarm):
        run(predict, "predict", "Hi")
