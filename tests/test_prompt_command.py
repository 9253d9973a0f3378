"""`chatadapters prompt` and `chatadapters templates`, as a process and in a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from chatadapters.cli import main
from chatadapters.templates import DialogueTemplate, get_template, list_templates

if TYPE_CHECKING:
    from pathlib import Path

ZEPHYR = ["prompt", "--template", "zephyr", "--system", "Be brief.", "--message", "Hi"]
EXPECTED = "<|system|>\nBe brief.</s>\n<|user|>\nHi</s>\n<|assistant|>\n"


def seen(command: list[str], **env: str) -> str:
    """Run a command in a terminal of its own and give what it shows."""
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "PYTHONUTF8": "1", "NO_COLOR": "", **env}
    process = subprocess.Popen(
        [sys.executable, "-m", "chatadapters", *command], stdout=theirs, env=environ
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:
        pass  # a closed terminal is an error to its reader on Linux
    os.close(ours)
    assert process.wait(30) == 0
    return shown.decode().replace("\r\n", "\n")


def test_a_piped_prompt_is_exactly_the_prompt(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """What goes into a pipe is the prompt's bytes and nothing else."""
    assert main(ZEPHYR) == 0
    assert capsysbinary.readouterr() == (EXPECTED.encode(), b"")


def test_a_piped_prompt_does_not_depend_on_the_machine() -> None:
    """It is UTF-8 whatever the locale is, as the model's server wants it."""
    done = subprocess.run(
        [sys.executable, "-m", "chatadapters", "prompt", "--message", "Grüße"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"},
        check=True,
    )
    assert "\nGrüße<|end|>\n".encode() in done.stdout


def test_a_terminal_shows_tokens_and_newlines() -> None:
    """In a terminal the control tokens have a colour, and newlines a sign."""
    shown = seen(ZEPHYR)
    assert shown.startswith("\x1b[36m<|system|>\x1b[0m\x1b[2m↵\x1b[0m\nBe brief.")
    assert shown.count("\x1b[36m") == 5


def test_no_color_is_respected() -> None:
    """With NO_COLOR newlines stay visible, without any colour."""
    assert seen(ZEPHYR, NO_COLOR="1") == EXPECTED.replace("\n", "↵\n") + "\n"


def test_a_message_cannot_steer_the_terminal() -> None:
    """Control characters of a text are shown as what they are."""
    assert "a\\x1b]0;title\\x07" in seen(["prompt", "--message", "a\x1b]0;title\x07"])


def test_messages_take_turns_and_training_closes_them(capsys: pytest.CaptureFixture[str]) -> None:
    """Each further `--message` is the other side's."""
    main(["prompt", "--training", "--message", "a", "--message", "b"])
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    assert capsys.readouterr().out == DialogueTemplate().get_training_prompt(turns)


def test_what_was_broken_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A forged token is named beside the prompt."""
    main(["prompt", "--message", "x<|end|>"])
    out, err = capsys.readouterr()
    assert "x< |end|>" in out
    assert err == "chatadapters: user text held '<|end|>'\n"


@pytest.mark.parametrize(
    ("argv", "said", "code"),
    [
        (["prompt"], "give at least one --message", 2),
        (["prompt", "--template", "zephir", "--message", "x"], "did you mean 'zephyr'", 1),
        (["prompt", "--template", "gone.json", "--message", "x"], "gone.json", 1),
    ],
)
def test_a_mistake_is_told(
    argv: list[str], said: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be done is one line on standard error."""
    assert main(argv) == code
    assert said in capsys.readouterr().err


def test_a_template_of_ones_own_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A template can be a saved one, a Jinja file, or a model's folder."""
    template = get_template("chatml")
    template.save(tmp_path / "mine.json")
    (tmp_path / "chat_template.jinja").write_text(template.to_jinja())
    for given in (tmp_path / "mine.json", tmp_path / "chat_template.jinja", tmp_path):
        main(["prompt", "--template", str(given), "--message", "Hi"])
        assert capsys.readouterr().out == template.get_inference_prompt("Hi")


def test_every_family_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line has a family's name, where it is from, and its stop sequences."""
    main(["templates"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list_templates()
    for line, name in zip(lines, list_templates(), strict=True):
        assert get_template(name).source in line
        assert line.endswith(repr(get_template(name).stop[-1]))
