"""A conversation has one connection, on every wire: one TLS handshake, dropped after a stop."""

from __future__ import annotations

import asyncio
import base64
import gzip
import select
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
    StallError,
    Timeout,
    huggingface_predict,
    openai_predict,
    text_generation_predict,
)
from chatadapters.testing.faults import TEXT, good_body

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


@pytest.mark.parametrize("wire", MAKE)
def test_a_conversation_has_one_connection(wire: str, server: Server, talk: Talk) -> None:
    """Five messages make one TLS handshake."""
    assert talk(MAKE[wire](server.url), 5) == [TEXT] * 5
    assert server.connections == [1] * 5


@pytest.mark.parametrize("frame", [sized, packed])
@pytest.mark.parametrize("wire", ["openai chat", "tgi"])
def test_other_bodies_keep_their_connection_too(
    frame: Callable[[bytes], bytes], wire: str, server: Server, talk: Talk
) -> None:
    """One with a length, and one that is compressed although that was refused."""
    server.frame = frame
    assert talk(MAKE[wire](server.url), 2) == [TEXT] * 2
    assert server.connections == [1, 1]


def test_what_follows_an_answer_unasked_ends_the_connection(server: Server, talk: Talk) -> None:
    """It could be taken for the next answer."""
    server.frame = lambda body: chunked(body) + b"HTTP/1.1 200 OK\r\n\r\n"
    assert talk(MAKE["tgi"](server.url), 2) == [TEXT] * 2
    assert server.connections == [1, 2]


@pytest.mark.parametrize("server", ["http"], indirect=True)
@pytest.mark.parametrize(
    "unasked",
    [
        chunked(good_body("tgi").replace(TEXT[:3].encode(), b"Boo")),
        b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["an answer", "a timeout"],
)
def test_what_came_unasked_on_an_idle_connection_is_no_answer(
    unasked: bytes, server: Server, talk: Talk
) -> None:
    """Also where the event loop had no time to read it."""

    def say_it() -> None:
        server.say(unasked)
        sleep(0.2)  # in the event loop too

    assert talk(MAKE["tgi"](server.url, retry=ONCE), 2, say_it) == [TEXT] * 2
    assert server.connections == [1, 2]


@pytest.mark.parametrize("wire", MAKE)
def test_a_connection_that_the_server_closed_is_replaced(
    wire: str, server: Server, talk: Talk
) -> None:
    """Without a failed attempt."""
    server.hang_up = True
    assert talk(MAKE[wire](server.url, retry=ONCE), 3) == [TEXT] * 3
    assert server.connections == [1, 2, 3]


@pytest.mark.parametrize("wire", ["openai chat", "tgi"])
@pytest.mark.parametrize(
    ("after", "said"),
    [(1.5, b""), (0, b"HTTP/1.1 200 OK\r\nX-A: "), (0, b"garbage\r\n")],
    ids=["later", "in its head", "with garbage"],
)
def test_a_server_that_breaks_off_is_not_asked_twice(
    wire: str, after: float, said: bytes, server: Server, talk: Talk
) -> None:
    """It may have worked on the request; whether to send it again is for `retry` to say."""
    server.broken = (after, said)
    with pytest.raises(Exception, match=r"(?i)disconnect|connection|not HTTP"):
        talk(MAKE[wire](server.url, retry=ONCE), 2)
    assert server.connections == [1, 1]


@pytest.mark.parametrize("wire", ["openai chat", "tgi"])
def test_a_connection_that_is_closed_under_a_request_is_replaced(
    wire: str, server: Server, talk: Talk
) -> None:
    """As when the server closed it at the very moment when the request was sent."""
    server.broken = (0, b"")
    with pytest.raises(Exception, match=r"(?i)disconnect|connection|eof"):
        talk(MAKE[wire](server.url, retry=ONCE), 2)
    assert server.connections == [1, 1, 2]  # a new one that breaks is not replaced


def test_a_connection_that_we_close_is_used_once(server: Server, talk: Talk) -> None:
    """As a header said that we do."""
    assert talk(MAKE["tgi"](server.url, headers={"Connection": "close"}), 2) == [TEXT] * 2
    assert server.connections == [1, 2]


@pytest.mark.parametrize("wire", MAKE)
def test_a_stopped_reply_drops_its_connection(wire: str, server: Server) -> None:
    """At once; the next message makes a new one."""
    predict = MAKE[wire](server.url)
    assert predict.complete("Hi").text == TEXT
    server.hold.set()
    values = predict("Hi")
    next(values)
    values.close()
    assert server.left.wait(5)
    server.hold.clear()
    assert predict.complete("Hi").text == TEXT
    predict.close()
    assert server.connections == [1, 1, 2]


@pytest.mark.parametrize("wire", MAKE)
async def test_a_stopped_reply_drops_its_connection_in_asyncio(wire: str, server: Server) -> None:
    """At once; the next message makes a new one."""
    predict = MAKE[wire](server.url).aio
    assert (await predict.complete("Hi")).text == TEXT
    server.hold.set()
    values = predict("Hi")
    await anext(values)
    await values.aclose()
    assert await asyncio.to_thread(server.left.wait, 5)
    server.hold.clear()
    assert (await predict.complete("Hi")).text == TEXT
    await predict.close()
    assert server.connections == [1, 1, 2]


class Proxy:
    """An HTTP proxy that passes bytes on; it notes what it was asked for, and by whom."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self.asked: list[tuple[bytes, str]] = []
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://user:word@127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                made, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(made,), daemon=True).start()

    def _serve(self, made: socket.socket) -> None:
        if self._tls is not None:
            made = self._tls.wrap_socket(made, server_side=True)
        head = b""
        while b"\r\n\r\n" not in head:
            head += made.recv(65536)
        key = head.lower().partition(b"proxy-authorization: basic ")[2].split(b"\r\n")[0]
        line = head.split(b"\r\n")[0]
        self.asked.append((line, head.decode()))
        target = line.split(b" ")[1].removeprefix(b"http://").split(b"/")[0].decode()
        host, _, port = target.partition(":")
        assert key
        with made, socket.create_connection((host, int(port))) as beyond:
            if line.startswith(b"CONNECT"):
                made.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            else:
                beyond.sendall(head)
            _pass_on(made, beyond)

    def stop(self) -> None:
        self._listener.close()


def _pass_on(made: socket.socket, beyond: socket.socket) -> None:
    """Pass bytes on, both ways, until one side ends; of TLS in one thread, as it must be."""
    to = {made: beyond, beyond: made}
    with suppress(OSError):
        while True:
            for source in select.select([*to], [], [])[0]:
                block = source.recv(65536)
                if not block:
                    return
                while isinstance(source, ssl.SSLSocket) and source.pending():
                    block += source.recv(65536)
                to[source].sendall(block)


@pytest.mark.parametrize("server", ["http", "https"], indirect=True)
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("wire", ["openai chat", "tgi"])
def test_the_environments_proxy_is_used(
    wire: str, scheme: str, server: Server, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its user and password, through a tunnel where the server has TLS; it may have it too."""
    proxy = Proxy(server.offered if scheme == "https" else None)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, proxy.url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert talk(MAKE[wire](server.url), 2) == [TEXT] * 2
    assert server.connections == [1, 1]
    line, head = proxy.asked[0]
    assert line.startswith(b"CONNECT" if server.tls else b"POST http://")
    assert base64.b64encode(b"user:word").decode() in head
    proxy.stop()


@pytest.mark.parametrize("server", ["http", "https"], indirect=True)
@pytest.mark.parametrize("wire", ["openai chat", "tgi"])
def test_silence_behind_a_proxy_with_tls_ends(
    wire: str, server: Server, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clocks hold there too, also where the server's TLS is within that of the proxy."""
    proxy = Proxy(server.offered)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, proxy.url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    server.hold.set()
    with pytest.raises(StallError, match="more content"):
        talk(MAKE[wire](server.url, retry=ONCE, timeout=Timeout(first=60, idle=0.2)), 1)
    proxy.stop()


def test_a_host_may_be_exempt_from_the_proxy(
    server: Server, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `NO_PROXY` says."""
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert talk(MAKE["tgi"](server.url), 1) == [TEXT]


class Socks(Proxy):
    """A SOCKS proxy (RFC 1928, 1929) that says everything byte by byte; it notes what it was told.

    Args:
        answers: How it answers to the ways, the user and the command, if not well.
    """

    def __init__(self, **answers: bytes) -> None:
        super().__init__(None)
        self.answers = {
            "ways": b"\x05\x02",
            "user": b"\x01\x00",
            "command": b"\x05\x00\x00\x03\x0aproxy.test\x00\x01",
            **answers,
        }
        self.url = self.url.replace("http://", "socks5h://")
        self.told: list[bytes] = []

    def _serve(self, made: socket.socket) -> None:
        with suppress(OSError, IndexError), made, made.makefile("rb") as said:
            self._note(made, said.read(2) + said.read(1), "ways")
            if len(self.answers["ways"]) == 1:
                return
            if self.answers["ways"] == b"\x05\x02":
                user = said.read(2)
                user += said.read(user[1] + 1)
                self._note(made, user + said.read(user[-1]), "user")
            command = said.read(5)
            host = command[4:] + (said.read(command[4]) if command[3] == 3 else said.read(3))
            port = said.read(2)
            name = host[1:].decode() if command[3] == 3 else socket.inet_ntoa(host)
            with socket.create_connection((name, int.from_bytes(port, "big"))) as beyond:
                self._note(made, command[:4] + host + port, "command")
                _pass_on(made, beyond)

    def _note(self, made: socket.socket, told: bytes, answer: str) -> None:
        self.told.append(told)
        for byte in self.answers[answer]:
            made.sendall(bytes([byte]))
            sleep(0.002)

    def use(self, monkeypatch: pytest.MonkeyPatch, url: str | None = None) -> None:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, url or self.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("server", ["http", "https"], indirect=True)
@pytest.mark.parametrize("wire", ["openai chat", "tgi"])
def test_a_socks_proxy_is_used(
    wire: str, server: Server, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its user and password; the server's TLS is within it."""
    proxy = Socks()
    proxy.use(monkeypatch)
    assert talk(MAKE[wire](server.url), 2) == [TEXT] * 2
    assert server.connections == [1, 1]
    port = server.port.to_bytes(2, "big")
    assert proxy.told[:2] == [b"\x05\x01\x02", b"\x01\x04user\x04word"]
    assert proxy.told[2:] == [b"\x05\x01\x00\x01" + socket.inet_aton("127.0.0.1") + port]
    proxy.stop()


@pytest.mark.parametrize("server", ["http"], indirect=True)
def test_a_socks_proxy_looks_names_up(
    server: Server, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets the name; and no user where none is known."""
    proxy = Socks(ways=b"\x05\x00")
    proxy.use(monkeypatch, proxy.url.replace("user:word@", ""))
    assert talk(MAKE["tgi"](f"http://localhost:{server.port}"), 1) == [TEXT]
    port = server.port.to_bytes(2, "big")
    assert proxy.told == [b"\x05\x01\x00", b"\x05\x01\x00\x03\x09localhost" + port]
    proxy.stop()


@pytest.mark.parametrize("server", ["http"], indirect=True)
@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"ways": b"\x05\xff"}, "takes no name and password"),
        ({"ways": b"\x05\x00"}, "takes no name and password"),
        ({"user": b"\x01\x01"}, "refuses the user's name or password"),
        ({"command": b"\x05\x05\x00\x01\0\0\0\0\0\0"}, "could not connect: connection refused"),
        ({"command": b"HTTP/1.1 400"}, "does not speak SOCKS 5"),
        ({"ways": b"\x05"}, "has closed the connection"),
    ],
    ids=["no way", "other way", "user", "refused", "not SOCKS", "closed"],
)
def test_a_socks_proxy_that_refuses_says_why(
    answers: dict[str, bytes], why: str, server: Server, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the error of the reply."""
    proxy = Socks(**answers)
    proxy.use(monkeypatch)
    with pytest.raises(Exception, match=why):
        talk(MAKE["tgi"](server.url, retry=ONCE, timeout=Timeout(first=5)), 1)
    assert server.connections == []
    proxy.stop()
