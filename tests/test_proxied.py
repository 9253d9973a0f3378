"""A conversation through a proxy, of HTTP with TLS and without, or of SOCKS."""

from __future__ import annotations

import base64
import select
import socket
import ssl
import threading
from contextlib import suppress
from time import sleep

import pytest

from chatadapters import (
    StallError,
    Timeout,
)
from chatadapters.testing.faults import TEXT
from tests.kept_server import (
    MAKE,
    ONCE,
    Server,
    Talk,
    authority,
    server,
    talk,
)

__all__ = ["authority", "server", "talk"]


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
