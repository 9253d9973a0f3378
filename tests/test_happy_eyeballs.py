"""Connections: the first address that answers, within one deadline, and no socket is ever lost."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from functools import partial
from itertools import count
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any

import httpx2
import pytest
import trustme

from chatadapters import _happy_eyeballs, _happy_eyeballs_async
from chatadapters._abort import AbortableStream, Hangup
from chatadapters._network_async import AsyncNetworkStream, connect_tcp
from chatadapters.testing.faults import FaultServer
from tests.event_loops import LOOPS
from tests.torture.test_leaks import files

_STEPS = 25
_STEPS_OF_TLS = 150


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_cancelled_at_every_step(host: str, loop: Callable[[], Any], port: int) -> None:
    """However far it has come when it is cancelled, it leaves no socket open."""
    _sweep(partial(connect_tcp, host, port, None), _STEPS, loop)


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_cancelled_at_every_step_of_tls(loop: Callable[[], Any], secure: Secure) -> None:
    """The same while the two sides agree on keys."""

    async def connect() -> AsyncNetworkStream:
        stream = await connect_tcp("127.0.0.1", secure.port, None)
        await stream.start_tls(secure.trusted, "127.0.0.1", None)
        return stream

    _sweep(connect, _STEPS_OF_TLS, loop)


Connect = Callable[[], Awaitable[AsyncNetworkStream]]


def _sweep(connect: Connect, least: int, loop: Callable[[], Any]) -> None:
    """Cancel a connection after each number of steps of the loop, until one is there before.

    On a busy machine, where threads have a part in it, that takes many more steps than the least.
    """

    async def cancelled_after(steps: int) -> bool:
        task = asyncio.ensure_future(connect())
        for _ in range(steps):
            await asyncio.sleep(0)
            time.sleep(1e-4)
        task.cancel()
        [found] = await asyncio.gather(task, return_exceptions=True)
        if isinstance(found, BaseException):
            assert isinstance(found, asyncio.CancelledError), found
            return True
        found.abort()
        await asyncio.sleep(0)
        return False

    async def sweep() -> None:
        before = _sockets()
        assert await cancelled_after(0)
        for steps in count(1):
            if not await cancelled_after(steps) and steps >= least:
                break
        for _ in range(100):  # a transport closes its socket a moment later
            if not _sockets() <= before:
                await asyncio.sleep(0.05)
        assert _sockets() <= before

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
    return httpx2.URL(server.url(name)).port or 0


def _sync(*where: Any) -> socket.socket:
    host, port = where
    return _happy_eyeballs.connected(host, port, None)


def _async(*where: Any) -> socket.socket:
    return asyncio.run(_happy_eyeballs_async.connected(*where))


Connected = Callable[[str, int], socket.socket]


@pytest.fixture(params=[_sync, _async], ids=["sync", "async"])
def connected(request: pytest.FixtureRequest) -> Connected:
    found: Connected = request.param
    return found


@pytest.mark.parametrize("first", ["connect_hangs", "connection_refused"])
def test_the_next_address(
    first: str, connected: Connected, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that refuses or stays silent is not the last that is tried."""
    with FaultServer() as server:
        _named(monkeypatch, _dead(server, first), _dead(server, first), port)
        made = connected("two.example", 80)
        assert made.getpeername()[1] == port
        made.close()


def test_no_address_answers(connected: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is why the first of them could not be reached."""
    with FaultServer() as server:
        dead = [_dead(server, "connection_refused") for _ in range(2)]
        _named(monkeypatch, *dead)
        with pytest.raises(ConnectionRefusedError):
            connected("two.example", 80)


def test_an_address_that_cannot_even_be_tried(
    connected: Connected, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one of IPv6 where there is none, the next one is taken at once."""
    _named(monkeypatch, 0, port)
    monkeypatch.setattr(socket.socket, "connect", _only_to(port))
    made = connected("two.example", 80)
    assert made.getpeername()[1] == port
    made.close()
    _named(monkeypatch, 0)
    with pytest.raises(OSError, match="no route"):
        connected("two.example", 80)


def _only_to(port: int) -> Callable[[socket.socket, tuple[str, int]], None]:
    connect = socket.socket.connect

    def checked(sock: socket.socket, where: tuple[str, int]) -> None:
        if where[1] != port:
            raise OSError("no route")
        connect(sock, where)

    return checked


def test_there_is_no_such_host(connected: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own words say so."""

    def getaddrinfo(*_args: Any, **_named: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(socket.gaierror, match="not known"):
        connected("none.example", 80)


def test_what_the_deadline_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses that stay silent, all of them together, and a look-up that takes too long."""
    before = _sockets()
    with FaultServer() as server:
        _named(monkeypatch, *(_dead(server, "connect_hangs") for _ in range(3)))
        with pytest.raises(TimeoutError, match="timed out"):
            _happy_eyeballs.connected("three.example", 80, 0.05)
        over = _slow_resolver(monkeypatch)
        with pytest.raises(TimeoutError, match="timed out"):
            _happy_eyeballs.connected("slow.example", 80, 0.05)
        over.set()
    for thread in threading.enumerate():
        if thread.name == "chatadapters-resolver":
            thread.join()
    assert _sockets() <= before


@pytest.mark.parametrize("name", ["silent.example", "slow.example"])
def test_an_abort_ends_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From another thread, though it would wait for ever."""
    with FaultServer() as server:
        _named(monkeypatch, *(_dead(server, "connect_hangs") for _ in range(2)))
        over = _slow_resolver(monkeypatch) if name == "slow.example" else threading.Event()

        def read(hangup: Hangup) -> Generator[bytes, None, None]:
            threading.Timer(0.1, hangup.abort).start()
            _happy_eyeballs.connected(name, 80, None).close()
            yield b"connected"

        assert list(AbortableStream(read)) == []
        over.set()


def _slow_resolver(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let each look-up take until an event."""
    over, getaddrinfo = threading.Event(), socket.getaddrinfo

    def slow(*args: Any, flags: int = 0, **named: Any) -> Any:
        if not flags & socket.AI_NUMERICHOST:
            over.wait(60)
        return getaddrinfo(*args, flags=flags, **named)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    return over


def test_families_take_turns() -> None:
    """Where IPv6 leads nowhere, its second address does not come before the first of IPv4."""
    sixes, fours = [(6, "a"), (6, "b"), (6, "c")], [(4, "d"), (4, "e")]
    assert _happy_eyeballs.by_turns([*sixes, *fours]) == [
        (6, "a"),
        (4, "d"),
        (6, "b"),
        (4, "e"),
        (6, "c"),
    ]


def _named(monkeypatch: pytest.MonkeyPatch, *ports: int) -> None:
    """Give a name several addresses: ports of this machine."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]

    def getaddrinfo(*_args: Any, flags: int = 0, **_named: Any) -> list[Any]:
        if flags & socket.AI_NUMERICHOST:
            raise socket.gaierror
        return found

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
