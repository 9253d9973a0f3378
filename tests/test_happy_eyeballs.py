"""Connections in asyncio: the first address that answers, and no socket is ever lost."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any

import httpcore2
import pytest
import trustme
import uvloop

from chatadapters._happy_eyeballs import by_turns, connected
from chatadapters._network_async import AsyncNetwork
from chatadapters.testing.faults import FaultServer
from tests.torture.test_leaks import files

_STEPS = 25
_STEPS_OF_TLS = 150
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_cancelled_at_every_step(host: str, loop: Callable[[], Any], port: int) -> None:
    """However far it has come when it is cancelled, it leaves no socket open."""
    _sweep(partial(AsyncNetwork().connect_tcp, host, port), range(_STEPS), loop)


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_cancelled_at_every_step_of_tls(loop: Callable[[], Any], secure: Secure) -> None:
    """The same while the two sides agree on keys."""

    async def connect() -> httpcore2.AsyncNetworkStream:
        stream = await AsyncNetwork().connect_tcp("127.0.0.1", secure.port)
        return await stream.start_tls(secure.trusted, "127.0.0.1")

    _sweep(connect, range(_STEPS_OF_TLS), loop)


Connect = Callable[[], Awaitable[httpcore2.AsyncNetworkStream]]


def _sweep(connect: Connect, steps: range, loop: Callable[[], Any]) -> None:
    """Cancel a connection after each number of steps of the loop."""

    async def cancelled_after(count: int) -> bool:
        task = asyncio.ensure_future(connect())
        for _ in range(count):
            await asyncio.sleep(0)
            time.sleep(1e-4)
        task.cancel()
        [found] = await asyncio.gather(task, return_exceptions=True)
        if isinstance(found, BaseException):
            assert isinstance(found, asyncio.CancelledError), found
            return True
        await found.aclose()
        return False

    async def sweep() -> None:
        before = _sockets()
        came = {await cancelled_after(count) for count in steps}
        assert came == {True, False}
        for _ in range(100):  # a transport closes its socket a moment later
            if _sockets() != before:
                await asyncio.sleep(0.05)
        assert _sockets() == before

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(asyncio.to_thread(int))  # the threads that look names up
        runner.run(sweep())
    gc.collect()


class Secure:
    """A server that only agrees on keys.

    Attributes:
        port: Where it listens.
        trusted: What a client that trusts it uses.
    """

    def __init__(self) -> None:
        authority, offered = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(offered)
        self.trusted = ssl.create_default_context()
        authority.configure_trust(self.trusted)

        class Greet(BaseRequestHandler):
            def handle(self) -> None:
                try:
                    with offered.wrap_socket(self.request, server_side=True) as greeted:
                        greeted.recv(1)
                except OSError:
                    self.request.close()

        self._server = ThreadingTCPServer(("127.0.0.1", 0), Greet)
        self._server.daemon_threads = True  # which a connection that is left open would hold
        self.port = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def secure() -> Iterator[Secure]:
    server = Secure()
    yield server
    server.stop()


def _sockets() -> set[str]:
    return {name for name in files() if "socket" in name}


def _dead(server: FaultServer, name: str) -> int:
    return httpcore2.URL(server.url(name)).port or 0


@pytest.mark.parametrize("first", ["connect_hangs", "connection_refused"])
async def test_the_next_address(first: str, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that refuses or stays silent is not the last that is tried."""
    with FaultServer() as server:
        _named(monkeypatch, _dead(server, first), port)
        made = await connected("two.example", 80, None)
        assert made.getpeername()[1] == port
        made.close()


async def test_no_address_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is why the first of them could not be reached."""
    with FaultServer() as server:
        refused = _dead(server, "connection_refused")
        _named(monkeypatch, refused, _dead(server, "connection_refused"))
        with pytest.raises(ConnectionRefusedError, match=str(refused)):
            await connected("two.example", 80, None)


async def test_from_a_local_address(port: int) -> None:
    """It connects from the address it is told."""
    made = await connected("127.0.0.1", port, "127.0.0.1")
    assert made.getsockname()[0] == "127.0.0.1"
    made.close()


def test_families_take_turns() -> None:
    """Where IPv6 leads nowhere, its second address does not come before the first of IPv4."""
    sixes, fours = [(6, "a"), (6, "b"), (6, "c")], [(4, "d"), (4, "e")]
    assert by_turns([*sixes, *fours]) == [(6, "a"), (4, "d"), (6, "b"), (4, "e"), (6, "c")]


def _named(monkeypatch: pytest.MonkeyPatch, *ports: int) -> None:
    """Give a name several addresses: ports of this machine."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]

    def getaddrinfo(*_args: Any, flags: int = 0, **_named: Any) -> list[Any]:
        if flags & socket.AI_NUMERICHOST:
            raise socket.gaierror
        return found

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
