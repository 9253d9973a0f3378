"""The transport: what is sent, what is refused, and how a blocked read ends."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
import traceback
from contextlib import aclosing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import trustme

from chatadapters import _http, _http_errors, _post
from chatadapters._abort import AbortableStream, Hangup, this_request, watch_request
from chatadapters._errors import MalformedStreamError, MissingDependencyError
from chatadapters._http import apost, post_blocks
from chatadapters._http_clients import http_clients
from chatadapters._http_errors import HTTPStatusError
from chatadapters._policies import Timeout
from chatadapters._post import Post
from chatadapters._pour import PouredStream

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
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


def test_sends_json_and_yields_the_body(read: Callable[[Post], bytes]) -> None:
    """The body goes out as JSON with its headers, the answer comes back unchanged."""
    with serving(OK) as server:
        said = "née \u2028 \ud800"
        assert read(Post(server.url + "/v1/x?a=1", {"prompt": said}, {"X-Mine": "1"})) == b"hi"
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/x?a=1 HTTP/1.1\r\n")
    assert b"x-mine: 1" in head.lower()
    assert json.loads(body) == {"prompt": said}


def test_number_that_is_none_is_refused(read: Callable[[Post], bytes]) -> None:
    """A number that JSON does not have is not sent."""
    with pytest.raises(ValueError, match="JSON"):
        read(Post("http://127.0.0.1:1", {"temperature": float("nan")}))


ERRORS = {
    '{"error": {"message": "no such model", "type": "x"}}': "no such model",
    '{"error": "Input validation error", "error_type": "validation"}': "Input validation error",
    '{"message": "slow down"}': "slow down",
    '{"detail": [{"loc": ["body"], "msg": "field required"}]}': "field required",
    '{"detail": "Not Found"}': "Not Found",
    '{"odd": 1}': '{"odd": 1}',
    "[]": "Sorry",
    '{"error": {"code": 7}}': '{"error": {"code": 7}}',
    "plain words": "plain words",
    "<html><h1>502</h1></html>": "Sorry",
    "": "Sorry",
}


@pytest.mark.parametrize(("body", "words"), ERRORS.items())
def test_error_says_what_the_provider_said(body: str, words: str) -> None:
    """An HTTP error carries status, headers and body, and the provider's own words."""
    answer = f"HTTP/1.1 503 Sorry\r\nRetry-After: 7\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    with serving(answer.encode()) as server, pytest.raises(HTTPStatusError) as caught:
        list(post_stream(http_clients().sync(), Post(f"{server.url}/p?q=1", {}), Timeout()))
    assert str(caught.value) == f"HTTP 503 from {server.url}/p: {words or 'Sorry'}"
    assert caught.value.status_code == 503
    assert caught.value.headers["retry-after"] == "7"
    assert caught.value.body == (json.loads(body) if body[:1] in ("{", "[") else body)


def test_error_body_of_nothing_but_brackets(read: Callable[[Post], bytes]) -> None:
    """JSON that is nested beyond all measure is taken as the text it is."""
    body = "[" * 50_000
    answer = f"HTTP/1.1 400 Deep\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    with serving(answer.encode()) as server, pytest.raises(HTTPStatusError) as caught:
        read(Post(server.url, {}))
    assert caught.value.body == body


def test_echoed_key_is_nowhere(read: Callable[[Post], bytes]) -> None:
    """A server that echoes the key does not get it into our error, nor do traceback locals."""

    def echo(connection: socket.socket) -> None:
        body = json.dumps({"error": {"message": f"bad key {KEY}", "headers": AUTH}}).encode()
        head = f"HTTP/1.1 401 Unauthorized\r\nX-Echo: Bearer {KEY}\r\nContent-Length: {len(body)}"
        connection.sendall(head.encode() + b"\r\n\r\n" + body)

    with serving(echo) as server, pytest.raises(HTTPStatusError) as caught:
        read(Post(server.url, {}, AUTH))
    error = caught.value
    shown = [str(error), repr(error), repr(error.body), repr(error.headers), repr(error.args)]
    frames = traceback.StackSummary.extract(
        traceback.walk_tb(error.__traceback__), capture_locals=True
    )
    shown += [str(frame.locals) for frame in frames if frame.filename in OURS]
    assert len(shown) > 5
    assert not [text for text in shown if KEY in text]
    assert "bad key [redacted]" in str(error)


def test_password_in_the_url_is_sent_and_not_shown(read: Callable[[Post], bytes]) -> None:
    """A URL may carry a password, which neither the error nor its traceback shows."""
    with serving(b"HTTP/1.1 403 No\r\nContent-Length: 12\r\n\r\nnot pass1234") as server:
        url = server.url.replace("://", "://user:pass1234@")
        with pytest.raises(
            HTTPStatusError, match=r"from http://127\S+: not \[redacted\]"
        ) as caught:
            read(Post(url, {}))
    assert b"authorization: basic" in server.requests[0].lower()
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame for frame in shown.stack if frame.filename in OURS]
    assert "pass1234" not in "".join(str(frame.locals) for frame in ours)


def test_error_body_is_bounded(read: Callable[[Post], bytes]) -> None:
    """An error page without end is read only so far."""

    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 500 Oops\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with serving(endless) as server, pytest.raises(HTTPStatusError, match=r"x{500}$") as caught:
        read(Post(server.url, {}))
    assert len(caught.value.body) <= 64 * 1024


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_same_origin_redirect_is_followed(status: int, read: Callable[[Post], bytes]) -> None:
    """A redirect on the same origin gets the whole request again."""

    def once(connection: socket.socket) -> None:
        moved = f"HTTP/1.1 {status} Moved\r\nLocation: /new/?b=2\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(OK if len(server.requests) > 1 else moved.encode())

    with serving(once) as server:
        assert read(Post(server.url, {"prompt": "x"}, AUTH)) == b"hi"
    assert server.requests[1].startswith(b"POST /new/?b=2 ")
    assert KEY.encode() in server.requests[1]
    assert server.requests[1].endswith(b'{"prompt": "x"}')


def test_other_origin_is_refused(read: Callable[[Post], bytes]) -> None:
    """Neither the conversation nor the key goes to another origin."""
    with serving(OK) as other:
        moved = f"HTTP/1.1 307 Moved\r\nLocation: {other.url}/x\r\nContent-Length: 0\r\n\r\n"
        with serving(moved.encode()) as server, pytest.raises(HTTPStatusError, match=other.url):
            read(Post(server.url, {}, AUTH))
        assert not other.requests


@pytest.mark.parametrize(
    ("moved", "words"),
    [
        ("307 Round\r\nLocation: /", "more than 5 redirects"),
        ("307 Odd\r\nLocation: /" + "x" * 70_000, "Odd"),
        ("303 See", "See"),
        ("307 No", "No"),
    ],
)
def test_redirect_that_leads_nowhere(moved: str, words: str, read: Callable[[Post], bytes]) -> None:
    """A circle, and a redirect that names no place to post to, are errors."""
    answer = f"HTTP/1.1 {moved}\r\nContent-Length: 0\r\n\r\n".encode()
    with serving(answer) as server, pytest.raises(HTTPStatusError, match=words):
        read(Post(server.url, {}))


def test_connection_failures_are_httpx2_errors(read: Callable[[Post], bytes]) -> None:
    """A port where nothing listens gives the HTTP library's own error."""
    with pytest.raises(httpx2.ConnectError):
        read(Post("http://127.0.0.1:1", {}))


def test_false_compression_is_a_malformed_stream(read: Callable[[Post], bytes]) -> None:
    """A body that is not compressed as it says may be fine at the next attempt."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain"
    with serving(answer) as server, pytest.raises(MalformedStreamError, match=server.url):
        read(Post(server.url, {}))


def test_compressed_body_is_unpacked_in_small_steps(read: Callable[[Post], bytes]) -> None:
    """A gzip bomb comes in blocks of a bounded size, whoever reads decides when it is enough."""
    bomb = gzip.compress(bytes(64 * 2**20))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
    with serving(head.encode() + bomb) as server:
        stream = post_stream(http_clients().sync(), Post(server.url, {}), Timeout())
        sizes = [len(next(stream)) for _ in range(20)]
        stream.close()
    assert max(sizes) <= 2**20


def test_no_cookie_is_kept() -> None:
    """No cookie of one chat reaches another."""
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: who=alice\r\nContent-Length: 0\r\n\r\n"
    clients = http_clients()
    with serving(answer) as server:
        for _ in range(2):
            list(post_stream(clients.sync(), Post(server.url, {}), Timeout()))
    assert len(server.requests) == 2
    assert b"alice" not in server.requests[1]


def test_missing_httpx2_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without httpx2 the error is the command that installs it."""
    monkeypatch.setitem(sys.modules, "httpx2", None)
    stream = post_stream(http_clients().sync(), Post("http://x", {}), Timeout())
    with pytest.raises(MissingDependencyError, match=r'pip install "chatadapters\[http\]"'):
        next(stream)


def test_socket_timeouts_outlast_the_clocks() -> None:
    """The socket waits longer than the clocks for content, and for ever where they do."""
    ours = _post._socket_timeout(Timeout(connect=3, first=20, idle=40))
    assert (ours.connect, ours.pool) == (3, None)
    assert ours.read is not None
    assert ours.read > 40
    assert _post._socket_timeout(Timeout(idle=None)).read is None


def stall_before_headers(connection: socket.socket) -> None:
    """Say nothing at all."""


def stall_in_the_body(connection: socket.socket) -> None:
    """Say the head and one block."""
    connection.sendall(OPEN + b"data: 1\n\n")


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


@pytest.mark.parametrize("how", ["reset", "closed", "garbled"])
def test_broken_connection_says_where(
    read: Callable[[Post], bytes], tls: ssl.SSLContext | None, how: str
) -> None:
    """A connection that breaks is an error of the HTTP library, and never without a word."""

    def broken(connection: socket.socket) -> None:
        head = OPEN.replace(b"\r\n\r\n", b"\r\nContent-Length: 100\r\n\r\n")
        connection.sendall(head + b"data: 1\n\n")
        if how == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if how == "garbled":
            os.write(connection.fileno(), b"no TLS, and not the length that was said")

    with serving(broken, tls) as server, pytest.raises(httpx2.TransportError) as caught:
        read(Post(server.url, {}))
    assert str(caught.value).strip()


class Reading(threading.Thread):
    """Reads a stream to its end in a thread, as the core does."""

    def __init__(self, stream: Iterator[bytes]) -> None:
        super().__init__(daemon=True)
        self.stream = stream
        self.got: list[bytes] = []
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            for block in self.stream:
                self.got.append(block)
        except BaseException as error:
            self.error = error


@pytest.mark.parametrize("stall", [stall_before_headers, stall_in_the_body])
def test_abort_frees_a_blocked_read(
    stall: Callable[[socket.socket], None], tls: ssl.SSLContext | None
) -> None:
    """Another thread ends a read at once, before the headers too, and the server sees it go."""

    def script(connection: socket.socket) -> None:
        stall(connection)
        server.wait_until_gone(connection)

    clients = http_clients()
    with serving(script, tls) as server:
        stream = post_stream(clients.sync(), Post(server.url, {}), Timeout())
        reading = Reading(stream)
        assert server.asked.wait(10)
        time.sleep(0.05)
        stream.abort()
        reading.join(10)
        assert not reading.is_alive()
        assert reading.error is None
        assert server.gone.wait(10)


def test_abort_before_the_first_read_sends_nothing() -> None:
    """A stream that is aborted before it began makes no request."""
    with serving(OK) as server:
        stream = post_stream(http_clients().sync(), Post(server.url, {}), Timeout())
        stream.abort()
        assert list(stream) == []
        stream.close()
    assert not server.requests


class Network:
    """A network stream as httpcore gives it."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def get_extra_info(self, info: str) -> socket.socket:
        return self.connection


def test_abort_while_connecting_hangs_up_at_once() -> None:
    """A socket that becomes known after the abort is shut down then."""
    ours, theirs = socket.socketpair()
    hangup = Hangup()
    hangup.abort()

    hangup.trace("connection.connect_tcp.complete", {"return_value": Network(ours)})
    with ours, theirs:
        assert theirs.recv(1) == b""


def test_abort_after_the_end_touches_nothing() -> None:
    """When the answer has been read, its connection is no longer ours to shut down."""
    ours, theirs = socket.socketpair()

    def blocks(hangup: Hangup) -> Generator[bytes, None, None]:
        hangup.answered(httpx2.Response(200, extensions={"network_stream": Network(ours)}))
        yield b"x"

    with ours, theirs:
        stream = AbortableStream(blocks)
        assert list(stream) == [b"x"]
        stream.abort()
        ours.sendall(b"still open")
        assert theirs.recv(100) == b"still open"


@pytest.mark.parametrize("inner", [[b"key"], []])
def test_a_request_within_a_request_leaves_it_to_go_on(inner: list[bytes]) -> None:
    """A key may be what another stream says; then the connection is the outer one's again."""
    seen: list[Hangup | None] = []

    def blocks(hangup: Hangup) -> Generator[bytes, None, None]:
        list(AbortableStream(lambda _: (block for block in inner)))
        seen.extend((hangup, this_request()))
        yield b"x"

    assert list(AbortableStream(blocks)) == [b"x"]
    assert seen[0] is seen[1]
    assert this_request() is None


@pytest.mark.parametrize("stall", [stall_before_headers, stall_in_the_body])
def test_abort_through_an_sdk_client(stall: Callable[[socket.socket], None]) -> None:
    """With the request hook, a client of an SDK is freed before its answer came, too."""

    def script(connection: socket.socket) -> None:
        stall(connection)
        server.wait_until_gone(connection)

    def blocks(hangup: Hangup) -> Generator[bytes, None, None]:
        with client.stream("POST", server.url, json={}) as response:
            hangup.answered(response)
            yield from response.iter_bytes()

    with (
        serving(script) as server,
        httpx2.Client(event_hooks={"request": [watch_request]}) as client,
    ):
        stream = AbortableStream(blocks)
        reading = Reading(stream)
        assert server.asked.wait(10)
        time.sleep(0.05)
        stream.abort()
        reading.join(10)
        assert (reading.is_alive(), reading.error) == (False, None)


@pytest.mark.parametrize("stall", [stall_before_headers, stall_in_the_body])
async def test_cancelling_frees_the_connection(stall: Callable[[socket.socket], None]) -> None:
    """A cancelled task closes its connection, before the headers too."""

    def script(connection: socket.socket) -> None:
        stall(connection)
        server.wait_until_gone(connection)

    clients = http_clients()

    async def reading() -> None:
        async with aclosing(apost_stream(clients.aio(), Post(server.url, {}), Timeout())) as blocks:
            async for _ in blocks:
                pass

    with serving(script) as server:
        task = asyncio.create_task(reading())
        assert await asyncio.to_thread(server.asked.wait, 10)
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await asyncio.to_thread(server.gone.wait, 10)
    await clients.aclose()
