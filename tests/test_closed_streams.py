"""The command where its standard streams are closed, or nobody reads them any more."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.apps import free_port

COMMAND = [sys.executable, "-m", "chatadapters"]
ECHO = ("--backend", "echo")


def closing(streams: str, *args: str) -> list[str]:
    """Give a command line that closes streams, as a shell writes it, and becomes the command."""
    return ["sh", "-c", f'exec "$@" {streams}', "sh", *COMMAND, *args]


@pytest.mark.parametrize("streams", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("args", [("chat", *ECHO), ("prompt", "--message", "Hi"), ("doctor",)])
def test_a_closed_stream_is_an_empty_one(args: tuple[str, ...], streams: str) -> None:
    """Nothing comes from it, what goes there is lost, and the command does what it does."""
    done = subprocess.run(
        closing(streams, *args), input=b"", capture_output=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert bool(done.stdout) is (args[0] != "chat" and " >" not in f" {streams}")


@pytest.mark.parametrize("command", ["demo", "serve"])
def test_servers_need_no_streams(command: str) -> None:
    """What serves does so where all three are closed."""
    port = free_port()
    line = closing("<&- >&- 2>&-", command, *ECHO, "--port", str(port))
    with subprocess.Popen(line) as process:
        try:
            assert answers(f"http://127.0.0.1:{port}/", process)
        finally:
            process.terminate()


def answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    """Wait until a server answers, in whatever way, as long as it runs."""
    while process.poll() is None:
        with suppress(ConnectionError, URLError):
            try:
                urlopen(url).close()
            except OSError as error:
                if getattr(error, "code", None) is None:
                    raise
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("args", [("demo", "--port", "0"), ("serve", "--port", "0"), ("chat",)])
def test_nobody_reads_the_output(args: tuple[str, ...]) -> None:
    """The command ends at its next word, without one about it."""
    with subprocess.Popen(
        [*COMMAND, *args, *ECHO],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate(b"Hi\n", timeout=120)
    assert (process.returncode, err) == (1, b"")


def test_nobody_reads_the_errors() -> None:
    """A command that fails ends at its first word of that, with the code of a failure."""
    with subprocess.Popen(
        [*COMMAND, "chat", *ECHO, "--temperature", "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr
        process.stderr.close()
        process.stderr = None
        out, _ = process.communicate(b"Hi\n", timeout=120)
    assert (process.returncode, out) == (1, b"")
