"""Starts an app as its own process, as a user would, and waits until it answers."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

from tests.forked import Forked

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from typing import IO

    Process = subprocess.Popen[bytes] | Forked


def free_port() -> int:
    """Give a port of loopback that nobody listens on.

    It is below those that systems give to whoever asks for any: by the time it is used, one of them
    may be another test's.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class App(NamedTuple):
    """A running app."""

    url: str
    pid: int


@contextmanager
def app(command: Sequence[str], *, port: int, path: str = "", **env: str) -> Generator[App]:
    """Run an app.

    Args:
        command: Arguments for Python.
        port: Where the app will listen.
        path: The path of a page that is there when the app is.
        env: More environment variables.
    """
    environ = {**os.environ, "PYTHONUNBUFFERED": "1", **env}
    with tempfile.TemporaryFile() as output:
        words = [sys.executable, *command]
        process = subprocess.Popen(words, env=environ, stdout=output, stderr=output)
        with _up(process, port, path, output) as running:
            yield running


@contextmanager
def gradio_app(command: Sequence[str], *, port: int, **env: str) -> Generator[App]:
    """Run a Gradio app in a process that has Gradio already: its import takes 4 s of CPU.

    Args:
        command: Arguments for Python.
        port: Where the app will listen; an app that names none is told by the environment.
        env: More environment variables.
    """
    environ = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", **env}
    with tempfile.NamedTemporaryFile() as output:
        process = Forked([*command], {**environ, "GRADIO_SERVER_PORT": str(port)}, output.name)
        with _up(process, port, "", output) as running:
            yield running


@contextmanager
def _up(process: Process, port: int, path: str, output: IO[bytes]) -> Generator[App]:
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(url + path, process, output)
        yield App(url, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def computed(pid: int) -> float:
    """Give the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wait_until_up(url: str, process: Process, output: IO[bytes]) -> None:
    for _ in range(2000):
        if process.poll() is not None:
            break
        try:
            with urlopen(url, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    output.seek(0)
    raise AssertionError(f"{url} did not come up: {output.read().decode()}")
