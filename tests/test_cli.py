from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from chatadapters import __version__
from chatadapters.cli import main
from tests.apps import free_port
from tests.terminals import terminal

if TYPE_CHECKING:
    from pathlib import Path

# A chat whose answers are written down: one that never ends, one that never begins, then words.
SCRIPTED = """
import sys
from chatadapters import Finish, make_predict
from chatadapters._terminal import chat
from chatadapters.testing import Pause, ScriptedBackend

def seen(payload):
    return str([m["content"] for m in payload["messages"]])

class Seen(ScriptedBackend):
    def _next(self, payload):
        print("(asked)")
        steps = super()._next(payload)
        return [seen(payload), Finish("stop")] if steps == ["seen"] else steps

backend = Seen(*{scripts})
sys.exit(chat(make_predict(backend, retry={retry}), system={system!r}))
"""


def run(*args: str, text: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chatadapters", *args],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **env},
        check=False,
    )


def script(scripts: str, *, retry: str = "None", system: str | None = None) -> list[str]:
    code = SCRIPTED.format(scripts=scripts, retry=retry, system=system)
    code = code.replace("retry=None", "")
    return [sys.executable, "-c", code]


def test_version() -> None:
    """`--version` prints the version."""
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"chatadapters {__version__}\n")


def test_no_command_prints_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command the help comes and the exit code says that it was not used right."""
    assert main([]) == 2
    assert "demo" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["chat", "--backend", "opanai"], "'openai'"),
        (["chat", "--nonsense"], "--nonsense"),
        (["demo", "--port", "70000"], "'70000' is no port"),
        (["serve", "--port", "http"], "'http' is no port: give a number from 0 to 65535"),
        (["chat", "--temperature", "hot"], "'hot'"),
        (["chat", "--backend", "openai"], "backend 'openai': which model?"),
        (["chat", "--backend", "text-generation"], "which server? Give base_url= (--base-url"),
    ],
)
def test_wrong_usage(args: list[str], says: str) -> None:
    """Wrong usage is named on stderr, without a traceback, and exits with 2."""
    done = run(*args)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("demo", "--system"),
        ("demo", "--host"),
        ("chat", "--model"),
        ("serve", "--base-url"),
        ("serve", "--cors"),
        ("prompt", "--message"),
    ],
)
def test_bytes_that_are_no_text(command: str, option: str) -> None:
    """They are named before anything begins."""
    done = subprocess.run(
        [sys.executable, "-m", "chatadapters", command, option, b"caf\xe9"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    named = rf"argument {option}: 'caf\udce9' is not valid text: give it in UTF-8"
    assert (done.returncode, done.stdout) == (2, b"")
    assert named in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_says_where_to_click_and_ends_when_asked(end: signal.Signals) -> None:
    """The demo prints its address when it is up, and a signal ends it without an error."""
    url = f"http://127.0.0.1:{free_port()}/"
    command = ["demo", "--backend", "echo", "--port", url[17:-1]]
    with terminal([sys.executable, "-m", "chatadapters", *command]) as demo:
        demo.until(f"Open {url} in your browser")
        with urlopen(url) as page:
            assert page.status == 200
        demo.process.send_signal(end)
        assert demo.code() == 0


def test_a_taken_port(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named before anything is loaded, without a traceback; the exit code says failure."""
    monkeypatch.setitem(sys.modules, "gradio", None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["demo", "--backend", "echo", "--port", port]) == 1
    told = capsys.readouterr()
    assert re.match(f"chatadapters: error: cannot listen on .*port {port}.*taken", told.err)
    assert told.out == ""


@pytest.mark.parametrize("named", [True, False])
def test_a_folder_that_cannot_be_written(
    named: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where Gradio would keep its files nothing can be made: what to set is said, before it."""
    (tmp_path / "file").touch()
    if named:
        monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "file"))
    else:
        monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert main(["demo", "--backend", "echo", "--port", "0"]) == 1
    told = capsys.readouterr().err
    assert re.match(rf"chatadapters: error: Gradio cannot keep its files in {tmp_path}/file", told)
    assert "set GRADIO_TEMP_DIR to a folder that can be written" in told


def test_each_piped_line_is_a_message() -> None:
    """Lines of a pipe are answered one after the other, and nothing else is printed."""
    done = run("chat", "--backend", "echo", text="hello\n\nwörld\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello\nwörld\n", "")


def test_a_pipe_gets_the_answer_as_it_is() -> None:
    """No line is broken where no terminal is, however narrow the one around it may be."""
    line = "a  word and " * 40 + "漢字\n"
    done = run("chat", "--backend", "echo", text=line)
    assert done.stdout == line


def test_a_failed_answer_ends_a_piped_chat() -> None:
    """With nobody there to ask again, a failed answer is one line on stderr and exit code 1."""
    done = run("chat", "--backend", "echo", "--temperature", "1", text="hello\nworld\n")
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(r"error: .*temperature.*\n", done.stderr)


def test_debug_shows_the_traceback() -> None:
    """`--debug` shows where a failed answer failed."""
    done = run("chat", "--backend", "echo", "--temperature", "1", "--debug", text="hello\n")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_a_reader_that_leaves() -> None:
    """A reader that closes the pipe early ends the chat without a traceback."""
    shell = f"yes | head -200000 | {sys.executable} -m chatadapters chat --backend echo | head -1"
    done = subprocess.run(shell, shell=True, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("y\n", "")


def test_invalid_input_bytes_are_replaced() -> None:
    """Bytes that are not UTF-8 become replacement characters instead of an error."""
    command = [sys.executable, "-m", "chatadapters", "chat", "--backend", "echo"]
    done = subprocess.run(command, input=b"caf\xe9\n", capture_output=True, check=False)
    assert done.stdout.decode() == "caf\ufffd\n"


def test_the_history_is_kept_and_forgotten() -> None:
    """Each message goes out after the conversation so far, until `/reset`."""
    with terminal(script('("one", ["seen"])', system="S")) as chat:
        chat.until("> ")
        chat.type("hello\n")
        chat.until("one")
        chat.until("> ")
        chat.type("again\n")
        chat.until(re.escape("['S', 'hello', 'one', 'again']"))
        chat.until("> ")
        chat.type("/reset\n")
        chat.until("forgotten")
        chat.type("/system T\n")
        chat.until("system prompt: T")
        chat.type("anew\n")
        chat.until(re.escape("['T', 'anew']"))
        chat.type("/rest\n")
        chat.until("/rest is not a command")
        chat.type("/exit\n")
        assert chat.code() == 0


def test_interrupting_an_answer_keeps_the_chat() -> None:
    """Ctrl-C stops the answer, what was said of it stays in the history, the chat goes on."""
    with terminal(script('(["part of", Pause(600)], ["seen"])')) as chat:
        chat.until("> ")
        chat.type("hello\n")
        chat.until("part")  # a word is shown when it is whole
        chat.interrupt()
        chat.until("stopped")
        chat.until("> ")
        chat.type("again\n")
        chat.until(re.escape("['hello', 'part of', 'again']"))
        chat.until("> ")
        chat.type("\x04")
        assert chat.code() == 0


def test_interrupting_before_the_first_text() -> None:
    """Ctrl-C ends the wait for a silent provider, and the unanswered message is not kept."""
    with terminal(script('([Pause(600)], ["seen"])')) as chat:
        chat.until("> ")
        chat.type("hello\n")
        chat.until(r"\(asked\)")
        chat.interrupt()
        chat.until("stopped")
        chat.type("again\n")
        chat.until(re.escape("['again']"))


def test_interrupting_at_the_prompt_does_not_leave() -> None:
    """Ctrl-C at the prompt says how to leave."""
    with terminal([sys.executable, "-m", "chatadapters", "chat", "--backend", "echo"]) as chat:
        chat.until("> ")
        chat.rest()  # Python misses a signal between its prompt and its reading
        chat.interrupt()
        chat.until("Ctrl-D or /exit")
        chat.until("> ")
        chat.type("\x04")
        assert chat.code() == 0


def test_interrupting_a_piped_chat_ends_it() -> None:
    """Ctrl-C ends a chat that reads a pipe, also before the first text, with exit code 130."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        command = ["chat", "--backend", "openai", "--model", "m", "--base-url", url]
        with subprocess.Popen(
            [sys.executable, "-m", "chatadapters", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "OPENAI_API_KEY": "none"},
        ) as process:
            assert process.stdin
            process.stdin.write(b"hello\n")
            process.stdin.flush()
            connection, _ = silent.accept()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
            connection.close()
        assert (process.returncode, out, err) == (130, b"", b"")


def test_retries_and_limits_are_told() -> None:
    """What happens to an answer is told beside it: another attempt, a restart, an early end."""
    scripts = '(["ha", ConnectionResetError("gone")], ["half", Finish("length")])'
    with terminal(script(scripts)) as chat:
        chat.until("> ")
        chat.type("/help\n")
        chat.until("/system TEXT")
        chat.type("hello\n")
        assert chat.until("begins again").count("attempt 1") == 1
        chat.until("half")
        chat.until("cut at the length limit")
        chat.type("/exit\n")
        assert chat.code() == 0


@pytest.mark.parametrize("no_color", ["", "1"])
def test_a_narrow_terminal_breaks_lines_between_words(no_color: str) -> None:
    """Words that come in pieces stay whole, and wide characters fill their line."""
    answer = '(["supper is rea", "dy at ele", "ven 漢字漢字", "漢字漢字漢字漢字", Finish("stop")],)'
    with terminal(script(answer), columns=20, NO_COLOR=no_color) as chat:
        chat.until("> ")
        chat.type("when\n")
        shown = chat.until("> ")
        assert shown.endswith("supper is ready at\r\neleven 漢字漢字漢字\r\n漢字漢字漢字\r\n> ")


def test_control_characters_do_not_reach_the_terminal() -> None:
    """An answer cannot move the cursor or retitle the window."""
    with terminal(script('(["a\\x1b]0;title\\x07b\\rc", Finish("stop")],)')) as chat:
        chat.until("> ")
        chat.type("hello\n")
        chat.until(re.escape("a]0;titlebc"))


@pytest.mark.parametrize(("no_color", "styled"), [("", True), ("1", False)])
def test_no_color(no_color: str, styled: bool) -> None:
    """Notes are dim on a terminal, and plain where NO_COLOR is set."""
    command = [sys.executable, "-m", "chatadapters", "chat", "--backend", "echo"]
    with terminal(command, TERM="xterm", NO_COLOR=no_color) as chat:
        came = chat.until("/help lists") + chat.until("> ")
        assert ("\x1b[2m" in came) is styled
