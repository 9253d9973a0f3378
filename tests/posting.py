"""A server with a script, and one request to it: as a stream, or read whole in each colour."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from chatadapters import _http, _http_errors, _post
from chatadapters._abort import AbortableStream
from chatadapters._http import apost, post_blocks
from chatadapters._http_clients import http_clients
from chatadapters._policies import Timeout
from chatadapters._post import Post
from chatadapters._pour import PouredStream

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

OURS = (_http.__file__, _http_errors.__file__, _post.__file__)
KEY = "sk-very-secret-0123456789"
AUTH = {"Authorization": f"Bearer {KEY}"}
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
OPEN = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def post_stream(loan: Any, post: Post, timeout: Timeout) -> AbortableStream:
    return AbortableStream(lambda _hangup: post_blocks(loan, post, timeout))


class Server:
    """A server that answers each connection with a script and notes what it was asked."""

    def __init__(self, script: Callable[[socket.socket], None], tls: ssl.SSLContext | None) -> None:
        self.script = script
        self.tls = tls
        self.requests: list[bytes] = []
        self.gone = threading.Event()  # a client hung up
        self.asked = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                self.requests.append(read_request(connection))
                self.asked.set()
                self.script(connection)
        except OSError:
            self.gone.set()

    def wait_until_gone(self, connection: socket.socket) -> None:
        """Wait for the client to hang up."""
        try:
            while connection.recv(100):
                pass
        finally:
            self.gone.set()


def read_request(connection: socket.socket) -> bytes:
    """Read one request with its body."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def serving(
    script: bytes | Callable[[socket.socket], None], tls: ssl.SSLContext | None = None
) -> Generator[Server, None, None]:
    """Run a server that sends fixed bytes or runs a script."""
    send = (lambda connection: connection.sendall(script)) if isinstance(script, bytes) else script
    server = Server(send, tls)
    try:
        yield server
    finally:
        server.listener.close()


def apost_stream(loan: Any, post: Post, timeout: Timeout) -> PouredStream:
    return PouredStream(partial(apost, loan, post, timeout))


@pytest.fixture(params=["sync", "async", "poured"])
def read(request: pytest.FixtureRequest) -> Callable[[Post], bytes]:
    """Read a whole answer, in both colours, in asyncio also without a task in between."""

    async def whole(post: Post) -> bytes:
        stream = apost_stream(http_clients().aio(), post, Timeout())
        blocks: list[bytes] = []
        if request.param == "poured":
            await stream.pour(lambda block, _whole=False: blocks.append(block))
        else:
            blocks += [block async for block in stream]
        return b"".join(blocks)

    if request.param != "sync":
        return lambda post: asyncio.run(whole(post))
    return lambda post: b"".join(post_stream(http_clients().sync(), post, Timeout()))


@pytest.fixture(params=["http", "https"])
def tls(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> ssl.SSLContext | None:
    """Serve with and without TLS, by a certificate that the environment trusts."""
    if request.param == "http":
        return None
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context
