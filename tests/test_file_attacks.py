"""Attacks on files through a predict: nothing of them is read, nothing sent, and nothing hangs."""

from __future__ import annotations

import json
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from chatadapters import HistoryError, UnsupportedContentError, local_predict
from chatadapters._media import MAX_FILE_BYTES
from chatadapters.testing.faults import TEXT, FaultServer
from tests.both import Run
from tests.http_backends import BACKENDS
from tests.test_files import ways_to_name

pytestmark = pytest.mark.timeout(60)

_TAKERS = ("openai-chat", "huggingface-text")
_MARK = "the-secret-of-this-machine"


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of uploads, beside it a secret, and in it what leads to it or to nothing good."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    (folder / "a.txt").write_text("an upload")
    (tmp_path / "secret.txt").write_text(_MARK)
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "folder").symlink_to(tmp_path)
    (folder / "device").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe")
    os.mkfifo(tmp_path / "pipe")
    (folder / "outside").symlink_to(tmp_path / "pipe")
    with (folder / "huge.txt").open("wb") as huge:
        huge.write(_MARK.encode())
        huge.truncate(2**40)
    return folder


#: What an attacker names, relative to the uploads, and what the error says of it.
_OUTSIDE = "outside of"
ATTACKS = {
    "a file of the system": ("/etc/passwd", _OUTSIDE),
    "its environment": ("/proc/self/environ", _OUTSIDE),
    "the folder above": ("../secret.txt", _OUTSIDE),
    "a link": ("link.txt", _OUTSIDE),
    "a link of folders": ("folder/secret.txt", _OUTSIDE),
    "a link to a device": ("device", _OUTSIDE),
    "a link to a pipe": ("outside", _OUTSIDE),
    "a device": ("/dev/zero", _OUTSIDE),
    "a pipe": ("pipe", "not a regular file"),
    "a folder": (".", "not a regular file"),
    "a huge file": ("huge.txt", f"the limit is {MAX_FILE_BYTES} bytes"),
}
#: The folders that a predict may read from.
ROOTS: dict[str, Callable[[Path], Any]] = {
    "by default": lambda _: None,
    "allowed_roots": lambda uploads: [uploads],
}


def _questions(path: str) -> Iterator[tuple[Any, Any]]:
    """Give every place for a path in a message and a history, the assistant's side too."""
    for message, history in ways_to_name(path):
        yield message, history
        match history:
            case [{"content": content}]:
                yield message, [{"role": "assistant", "content": content}]
            case [[content, said]]:
                yield message, [[said, content]]


@pytest.fixture(params=product(_TAKERS, ROOTS), ids=" ".join)
def asked(request: pytest.FixtureRequest, uploads: Path, server: FaultServer) -> Iterator[Any]:
    """A predict that may read the uploads; it holds that nothing was sent."""
    backend, roots = request.param
    dialect, make = BACKENDS[backend]
    url = server.url("ok", dialect)
    yield make(url, allowed_roots=ROOTS[roots](uploads))
    assert server.requests(url) == []


@pytest.mark.parametrize(("path", "says"), ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_an_error(path: str, says: str, asked: Any, uploads: Path, run: Run) -> None:
    """However a file is named, the error says what is wrong with it."""
    named = str(uploads / path)
    for message, history in _questions(named):
        with pytest.raises(HistoryError, match=says) as caught:
            run(asked, "predict", message, history)
        assert named in str(caught.value)
        assert _MARK not in str(caught.value)


@pytest.mark.parametrize("backend", _TAKERS)
def test_an_upload_is_sent_and_nothing_beside_it(
    backend: str, uploads: Path, server: FaultServer, run: Run
) -> None:
    """After an attack that failed, the same predict sends the upload, without the secret."""
    dialect, make = BACKENDS[backend]
    url = server.url("ok", dialect)
    predict = make(url)
    with pytest.raises(HistoryError):
        run(predict, "predict", {"text": "Hi", "files": [str(uploads / n) for n in _BOTH]})
    for message, history in _questions(str(uploads / "a.txt")):
        assert run(predict, "predict", message, history)[-1] == TEXT
    requests = server.requests(url)
    assert len(requests) == len([*_questions("")])
    for request in requests:
        sent = json.dumps([request.body, dict(request.headers)], ensure_ascii=False)
        assert "an upload" in sent
        assert _MARK not in sent
        assert "root:" not in sent


_BOTH = ("a.txt", "link.txt")


@pytest.mark.parametrize(("path", "says"), ATTACKS.values(), ids=ATTACKS)
def test_a_template_gets_no_file(path: str, says: str, uploads: Path, run: Run) -> None:
    """A prompt for the embedded model is not even written, nor the model loaded."""
    predict = local_predict(template="starchat")
    for message, history in _questions(str(uploads / path)):
        with pytest.raises(HistoryError, match=says):
            predict.build(message, history)
        with pytest.raises(HistoryError, match=says):
            run(predict, "predict", message, history)


@pytest.mark.parametrize("path", ["image.png", "file.txt", "latest/meta-data/"])
def test_no_url_is_fetched(path: str, server: FaultServer, run: Run) -> None:
    """The URL of an image goes to the provider as it is; whom it names hears nothing of us."""
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.setblocking(False)
        named = f"http://127.0.0.1:{trap.getsockname()[1]}/{path}"
        chat = server.url("ok")
        predicts = BACKENDS["openai-chat"][1](chat), local_predict()
        for message, history in ways_to_name(named):
            for predict in predicts:
                with suppress(HistoryError, UnsupportedContentError):
                    assert run(predict, "predict", message, history)[-1] == TEXT
        with pytest.raises(BlockingIOError):
            trap.accept()
        bodies = [json.dumps(request.body) for request in server.requests(chat)]
        assert all(named in body for body in bodies)
        assert bodies or path != "image.png"
