"""The command `chatadapters completion`, in the shells that it is for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chatadapters.cli import main
from tests.terminals import terminal

#: Where `chatadapters` itself is found by the shells.
PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))


def test_bash_completes() -> None:
    """Tab completes commands, options and the names of backends and templates."""
    with terminal(["bash", "--norc", "--noprofile", "-i"], PATH=PATH, PS1="$ ") as shell:
        shell.until(r"\$ ")
        shell.type('eval "$(chatadapters completion bash)"; echo rea""dy\n')
        shell.until("ready")
        for typed, completed in (
            ("chatadapters doc", "doctor"),
            ("chatadapters chat --backend op", "openai"),
            ("chatadapters prompt --temp", "--template"),
            ("chatadapters prompt --template starchat-a", "starchat-alpaca"),
            ("chatadapters completion fi", "fish"),
        ):
            shell.type(f"{typed}\t")
            shell.until(typed[typed.rindex(" ") :] + completed[len(typed.split()[-1]) :])
            shell.type("\x15")


@pytest.mark.clients
def test_zsh_completes(tmp_path: Path) -> None:
    """The script is a completion function of zsh."""
    with terminal(["zsh", "-f", "-i"], PATH=PATH, PS1="$ ", HOME=str(tmp_path)) as shell:
        shell.type("autoload -Uz compinit && compinit -D; bindkey '\\t' complete-word\n")
        shell.type('eval "$(chatadapters completion zsh)"; echo rea""dy\n')
        shell.until("ready")
        shell.type("chatadapters doc\t")
        shell.until("doctor")
        shell.type("\x15chatadapters chat --backend op\t")
        shell.until("openai")


@pytest.mark.clients
@pytest.mark.parametrize(
    ("typed", "completed"),
    [("chatadapters doc", "doctor"), ("chatadapters chat --backend op", "openai")],
)
def test_fish_completes(tmp_path: Path, typed: str, completed: str) -> None:
    """The script gives fish its completions."""
    done = subprocess.run(
        ["fish", "-c", f"chatadapters completion fish | source; complete -C '{typed}'"],
        env={**os.environ, "PATH": PATH, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == [completed]


def test_without_shtab_the_extra_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command says what to install."""
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 1
    assert 'pip install "chatadapters[cli]"' in capsys.readouterr().err


@pytest.mark.parametrize("command", ["demo", "chat", "serve", "prompt", "doctor", "completion"])
def test_help_has_examples(capsys: pytest.CaptureFixture[str], command: str) -> None:
    """Each command's help shows how it is used."""
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert f"  chatadapters {command}" in capsys.readouterr().out.replace("zsh:", "")
