"""A thousand replies that were started and stopped leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from chatadapters import Retry, Timeout
from chatadapters.testing.faults import SCENARIOS, Answer, Ask, FaultServer, Scenario, scenario
from tests.both import Run, complete
from tests.http_backends import BACKENDS

_TIMES = 1000
_AT_ONCE = 20


@scenario("exact")
def _drips(ask: Ask) -> Answer:
    """A piece each 3 ms."""
    return Answer([step for piece in ask.healthy() for step in (piece, 0.003)])


#: Where a reply may be stopped: while it comes, in a silence, and when all of it has come.
_STATES = (_drips, SCENARIOS["stall_mid_always"], SCENARIOS["done_no_close"], SCENARIOS["ok"])


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def files() -> set[str]:
    """Give the open files of this process that are sockets, pipes and the like."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # that of the listing itself
            found.add(f"{entry.name} {entry.readlink()}")
    return found


def settled(look: Callable[[], Any], wanted: Any) -> Any:
    """Look until it is as wanted, some seconds at most."""
    until = time.monotonic() + 10
    while look() != wanted and time.monotonic() < until:
        time.sleep(0.02)
    return look()


def urls(server: FaultServer, dialect: str) -> Iterator[str]:
    states = [state for state in _STATES if dialect in state.dialects]
    return (server.url(state, dialect) for state in cycle(states))


@pytest.fixture
def unchanged(server: FaultServer) -> Iterator[None]:
    """Hold that a test leaves no thread, file or connection; those of others may end meanwhile."""
    gc.collect()
    settled(lambda: server.connections, 0)
    opened, threads = files(), {*threading.enumerate()}
    yield
    gc.collect()
    assert settled(lambda: server.connections, 0) == 0
    assert settled(lambda: {*threading.enumerate()} - threads, set()) == set()
    assert settled(lambda: files() - opened, set()) == set()


@pytest.mark.parametrize("backend", ["openai-chat", "tgi"])
def test_a_thousand_sync_replies(backend: str, server: FaultServer, unchanged: None) -> None:
    """No connection, thread or file is left of replies stopped, dropped or never begun."""
    dialect, make = BACKENDS[backend]
    predict = make("http://127.0.0.1:1")
    for number, url in zip(range(_TIMES), urls(server, dialect), strict=False):
        reply = predict.using(base_url=url)("Hello", [])
        if number % 10:
            next(reply)
        if number % 2:
            reply.close()
        del reply
    predict.close()


@pytest.mark.parametrize("backend", ["openai-chat", "tgi"])
async def test_a_thousand_async_replies(backend: str, server: FaultServer, unchanged: None) -> None:
    """No connection, task or file is left of replies that were stopped, cancelled or dropped."""
    dialect, make = BACKENDS[backend]
    predict = make("http://127.0.0.1:1")
    places = asyncio.Semaphore(_AT_ONCE)
    tasks = asyncio.all_tasks()

    async def one(number: int, url: str) -> None:
        async with places:
            reply = predict.using(base_url=url).aio("Hello", [])
            if number % 10:
                await anext(reply)
            if number % 3 == 1:
                await reply.aclose()
            if number % 3 == 2:
                await cancelled(reply)

    async def cancelled(reply: Any) -> None:
        waiting = asyncio.ensure_future(anext(reply, None))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])

    numbered = zip(range(_TIMES), urls(server, dialect), strict=False)
    await asyncio.gather(*(one(number, url) for number, url in numbered))
    until = time.monotonic() + 10
    while (left := asyncio.all_tasks() - tasks) and time.monotonic() < until:
        gc.collect()
        await asyncio.sleep(0.05)
    assert left == set()
    await predict.aio.close()


@scenario("error")
def _error_that_breaks(ask: Ask) -> Answer:
    """An error whose body is cut by a RST."""
    return Answer([b'{"error": {"mess', 0.01], status=500, end="rst")


@scenario("error")
def _error_that_stalls(ask: Ask) -> Answer:
    """An error whose body never ends."""
    return Answer([b'{"error": {"mess', 60], status=500)


@pytest.mark.parametrize("backend", sorted(BACKENDS))
@pytest.mark.parametrize("fault", [_error_that_breaks, _error_that_stalls], ids=lambda s: s.name)
def test_errors_that_cannot_be_read(
    backend: str, fault: Scenario, server: FaultServer, unchanged: None, run: Run
) -> None:
    """An error's body that breaks or never ends leaves no connection open."""
    dialect, make = BACKENDS[backend]
    once = {"retry": Retry(attempts=1), "timeout": Timeout(first=0.3, idle=0.3)}
    predict = make(server.url(fault, dialect)).using(**once)
    for _ in range(3):
        with pytest.raises(Exception):  # noqa: B017, PT011 - which one is the matrix's affair
            complete(run, predict, "Hi")
