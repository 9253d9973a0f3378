"""One request of the wires we speak ourselves: what is sent, and what is refused."""

from __future__ import annotations

import gzip
import json
import os
import socket
import ssl
import struct
import sys
import traceback
from typing import TYPE_CHECKING

import httpx2
import pytest

from chatadapters import _post
from chatadapters._errors import MalformedStreamError, MissingDependencyError
from chatadapters._http_clients import http_clients
from chatadapters._http_errors import HTTPStatusError
from chatadapters._policies import Timeout
from chatadapters._post import Post
from tests.posting import AUTH, KEY, OK, OPEN, OURS, post_stream, read, serving, tls

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["read", "tls"]


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
