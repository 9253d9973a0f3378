"""A server that keeps its connections, with TLS, and a conversation with it on every wire."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import sleep
from typing import Any

import pytest
import trustme

from chatadapters import (
    Predict,
    Retry,
    huggingface_predict,
    openai_predict,
    text_generation_predict,
)
from chatadapters.testing.faults import good_body

ONCE = Retry(attempts=1)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
BODIES = {
    "/chat/completions": good_body(),
    "/responses": good_body("responses"),
    "/completions": good_body("completions"),
    "/generate_stream": good_body("tgi"),
}
MAKE: dict[str, Callable[..., Predict]] = {
    "openai chat": lambda url, **o: openai_predict("m", base_url=url, api_key="k", **o),
    "openai responses": lambda url, **o: openai_predict(
        "m", base_url=url, api_key="k", api="responses", **o
    ),
    "raw completions": lambda url, **o: text_generation_predict(url, wire="completions", **o),
    "tgi": text_generation_predict,
    "hugging face": lambda url, **o: huggingface_predict("m", base_url=url, token="k", **o),
}


def chunked(body: bytes) -> bytes:
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


def sized(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def packed(body: bytes) -> bytes:
    body = gzip.compress(body)
    return (
        HEAD
        + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
        + (b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
    )


class Server:
    """Answers any number of requests of a connection, and counts connections that are secured."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self.tls = tls
        self.offered = tls  # what a proxy in front may have
        self.frame = chunked
        self.requests: list[tuple[int, bytes]] = []  # the connection's number, the first line
        self.hold = threading.Event()  # whether an answer stays open
        self.hang_up = False  # whether a connection is closed after each answer
        self.broken: tuple[float, bytes] | None = None  # what it does from the second request on
        self.left = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def connections(self) -> list[int]:
        return [number for number, _ in self.requests]

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                made, _ = self._listener.accept()
                self._open.append(made)
                number = len(self._open)
                threading.Thread(target=self._serve, args=(made, number), daemon=True).start()

    def _serve(self, made: socket.socket, number: int) -> None:
        with suppress(OSError):
            if self.tls is not None:
                made = self.tls.wrap_socket(made, server_side=True)
            with made, made.makefile("rb") as lines:
                while first := lines.readline():
                    self.requests.append((number, first))
                    self._answer(made, lines, first)
                    if self.hang_up:
                        break
        self.left.set()

    def _answer(self, made: socket.socket, lines: Any, first: bytes) -> None:
        length = 0
        while (line := lines.readline().lower()) not in (b"\r\n", b""):
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        lines.read(length)
        path = first.split(b" ")[1].decode()
        answer = self.frame(next(body for end, body in BODIES.items() if path.endswith(end)))
        if self.broken is not None and len(self.requests) > 1:
            sleep(self.broken[0])
            made.sendall(self.broken[1])
            made.shutdown(socket.SHUT_RDWR)
        elif self.hold.is_set():
            made.sendall(answer[:-40])
            made.recv(1)
        else:
            self._send(made, answer)

    def _send(self, made: socket.socket, answer: bytes) -> None:
        made.sendall(answer)

    def say(self, unasked: bytes) -> None:
        """Send something on the connection that was made last, which has no TLS."""
        self._open[-1].sendall(unasked)

    def stop(self) -> None:
        self._listener.close()
        for made in self._open:
            made.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(
    request: pytest.FixtureRequest,
    authority: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Server]:
    """A server with TLS, which the environment trusts, unless the test wants none."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    running = Server(context if getattr(request, "param", "https") == "https" else None)
    running.offered = context
    yield running
    running.stop()


Talk = Callable[..., list[str]]


def _nothing() -> None: ...


def _talk(predict: Predict, count: int, after: Callable[[], None] = _nothing) -> list[str]:
    try:
        return [(predict.complete("Hi").text, after())[0] for _ in range(count)]
    finally:
        predict.close()


def _atalk(predict: Predict, count: int, after: Callable[[], None] = _nothing) -> list[str]:
    async def all_of_them() -> list[str]:
        try:
            return [((await predict.aio.complete("Hi")).text, after())[0] for _ in range(count)]
        finally:
            await predict.aio.close()

    return asyncio.run(all_of_them())


@pytest.fixture(params=[_talk, _atalk], ids=["sync", "async"])
def talk(request: pytest.FixtureRequest) -> Talk:
    found: Talk = request.param
    return found
