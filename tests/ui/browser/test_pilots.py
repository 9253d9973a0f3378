"""What needs no browser: Textual's example, and the notebook."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import ARTIFACTS
from tests.ui.browser.conftest import environ
from tests.ui.browser.obedient import KEY, Obedient
from tests.ui.browser.pages import EXAMPLES
from tests.ui.browser.run import environment
from tests.ui.browser.table import COLUMNS, record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.browser
TEXTUAL = SimpleNamespace(title="Textual", name="textual")
SHOTS = ARTIFACTS / "ui"


def test_textual(tmp_path: Path, provider: Obedient) -> None:
    """Answers grow, stop ends one, errors are told, and the next message knows what was said."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    left = provider.left
    subprocess.run(
        [
            environment("textual") / "bin" / "python",
            Path(__file__).parent / "textual_pilot.py",
            SHOTS / "textual.svg",
        ],
        env=environ(tmp_path, provider),
        check=True,
        cwd=tmp_path,
        timeout=100,
    )
    said = provider.asked()
    (_, partial) = said.pop(3)
    assert said == [
        ("user", "one"),
        ("assistant", "I was told: one"),
        ("user", "slow"),
        ("user", "fail"),
        ("assistant", "It went well."),
        ("user", "think"),
        ("assistant", "42"),
        ("user", "last"),
    ]
    assert partial.startswith("word0 word1 word2 word3 word4 word5")
    assert "word79" not in partial
    assert provider.left > left
    *before, last = provider.requests[-5:]
    assert last["messages"][0] == {
        "role": "system",
        "content": "Give short, clear answers in English.",
    }
    assert ({body["temperature"] for body in before}, last["temperature"]) == ({0.2}, 0.7)
    assert last["model"] == "async"
    assert KEY not in (SHOTS / "textual.svg").read_text()
    for column in COLUMNS:
        record(TEXTUAL, column, "none" if column == "files" else "yes")


@contextmanager
def terminal(command: str, folder: Path) -> Iterator[Callable[..., str]]:
    """Run a command in a terminal; give a function that takes keys and gives the screen."""
    socket = str(folder / "tmux")

    def tmux(*args: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", socket, "-f", "/dev/null", *args],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"},
        )
        return done.stdout

    def screen(*keys: str) -> str:
        if keys:
            tmux("send-keys", "-t", "chat", *keys)
        return tmux("capture-pane", "-p", "-t", "chat")

    tmux("new-session", "-d", "-s", "chat", "-x", "90", "-y", "28", command)
    try:
        yield screen
    finally:
        tmux("kill-server")


def test_textual_in_a_terminal(tmp_path: Path) -> None:
    """In a real terminal the example as it is answers two questions, the second by the first."""
    variables = {name: environ(tmp_path, None)[name] for name in ("HOME", "PYTHONPATH")}
    assigned = [f"{name}={value}" for name, value in variables.items()]
    python = str(environment("textual") / "bin" / "python")
    command = shlex.join(["env", *assigned, python, str(EXAMPLES / "textual_app.py")])
    with terminal(command, tmp_path) as screen:
        until(screen, "Say something")
        screen("What is the capital of France? Answer in one sentence.", "Enter")
        until(screen, "Paris")
        time.sleep(2)
        screen("Which city did you name? Answer with its name.", "Enter")
        shown = until(screen, "did you name", "Paris", "Stop")
        time.sleep(3)
        (SHOTS / "textual-terminal.txt").write_text(screen())
        assert shown.count("Paris") >= 1


def until(screen: Callable[..., str], *wanted: str) -> str:
    """Wait until the screen shows some texts."""
    for _ in range(300):
        shown = screen()
        if all(text in shown for text in wanted):
            return shown
        time.sleep(0.2)
    raise AssertionError(f"{wanted} is not on the screen:\n{shown}")


def test_the_notebook(tmp_path: Path) -> None:
    """The notebook runs from its first cell to its last, and the model answers in it."""
    notebook = Path(__file__).parents[3] / "examples" / "apps" / "notebook.ipynb"
    done = tmp_path / "done.ipynb"
    subprocess.run(
        [
            environment("jupyter") / "bin" / "jupyter",
            "execute",
            notebook,
            f"--output={done}",
        ],
        env=environ(tmp_path, None),
        check=True,
        cwd=tmp_path,
        timeout=110,
    )
    cells = json.loads(done.read_text())["cells"]
    shown = ["".join(json.dumps(cell.get("outputs"))) for cell in cells]
    assert "Paris" in shown[3]
    assert "stop" in shown[3]
    assert "text/markdown" in shown[5]
    assert "Tell me more about it." in shown[7]
