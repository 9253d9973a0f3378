"""A reply that is stopped frees its connection at once, whoever stops it, and from any thread."""

from __future__ import annotations

import asyncio
import gc
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chatadapters.testing.faults import FaultRequest, FaultServer
from tests.http_backends import BACKENDS, KEY

#: Seconds after which a connection that is still open counts as hung; what is measured is far
#: below, and printed (`pytest -rP`).
SOON = 5.0

#: A server that sends a word each 50 ms, and one that has fallen silent in mid-reply.
STATES = ("cancel_probe", "stall_mid_always")

Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def close(reply: Iterator[str]) -> None:
    reply.close()  # type: ignore[attr-defined]  # it is a generator


def close_in_another_thread(reply: Iterator[str]) -> None:
    thread = threading.Thread(target=close, args=[reply])
    thread.start()
    thread.join()


def throw(reply: Iterator[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        reply.throw(KeyboardInterrupt)  # type: ignore[attr-defined]  # it is a generator


def forget(holder: list[Iterator[str]]) -> None:
    holder.clear()


def forget_in_a_cycle(holder: list[Any]) -> None:
    holder.append(holder)
    forgotten, holder[:] = [*holder], []
    forgotten.append(forgotten)
    del forgotten
    gc.collect()


def asked(server: FaultServer, url: str) -> None:
    """Wait until a request has come."""
    while not server.requests(url):
        time.sleep(0.005)


def measure(request: FaultRequest, stopped: float, record: Record) -> None:
    """Note how long after the stop the server saw the client go."""
    assert request.wait(10), "the connection stays open"
    assert request.left is not None, "the answer went on to its end"
    freed = request.left - stopped
    record("freed_ms", round(1000 * freed, 1))
    sys.stdout.write(f"freed after {1000 * freed:.1f} ms\n")
    assert freed < SOON


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("stop", [close, close_in_another_thread, throw])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_sync_reply_is_stopped(
    backend: str, stop: Any, state: str, server: FaultServer, record_property: Record
) -> None:
    """Closing it at a yield, on whatever thread, or an exception there, frees the connection."""
    dialect, make = BACKENDS[backend]
    url = server.url(state, dialect)
    predict = make(url)
    reply = predict("Hello", [])
    next(reply)
    [request] = server.requests(url)
    stopped = time.monotonic()
    stop(reply)
    measure(request, stopped, record_property)
    predict.close()


@pytest.mark.parametrize("drop", [forget, forget_in_a_cycle])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_sync_reply_is_dropped(
    backend: str, drop: Any, server: FaultServer, record_property: Record
) -> None:
    """One that nobody holds any more frees its connection when it is collected."""
    dialect, make = BACKENDS[backend]
    url = server.url("stall_mid_always", dialect)
    predict = make(url)
    holder = [predict("Hello", [])]
    next(holder[0])
    [request] = server.requests(url)
    stopped = time.monotonic()
    drop(holder)
    measure(request, stopped, record_property)
    predict.close()


async def aclose(task: asyncio.Task[None], reply: Any) -> None:
    task.cancel()  # it waits for the next value, and a generator that runs cannot be closed
    await asyncio.wait([task])
    await reply.aclose()


async def cancel(task: asyncio.Task[None], reply: Any) -> None:
    task.cancel()
    await asyncio.wait([task])


async def cancel_from_another_thread(task: asyncio.Task[None], reply: Any) -> None:
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(loop.call_soon_threadsafe, task.cancel)
    await asyncio.wait([task])


@pytest.mark.parametrize("state", [*STATES, "stall_headers_always"])
@pytest.mark.parametrize("stop", [cancel, cancel_from_another_thread, aclose])
@pytest.mark.parametrize("backend", BACKENDS)
async def test_an_async_reply_is_stopped(
    backend: str, stop: Any, state: str, server: FaultServer, record_property: Record
) -> None:
    """A task that is cancelled frees the connection, also before the answer has begun."""
    dialect, make = BACKENDS[backend]
    url = server.url(state, dialect)
    predict = make(url).aio
    reply = predict("Hello", [])
    begun = asyncio.Event()

    async def read() -> None:
        async for _ in reply:
            begun.set()

    task = asyncio.create_task(read())
    if state.startswith("stall_headers"):
        await asyncio.to_thread(asked, server, url)
    else:
        await begun.wait()
    [request] = server.requests(url)
    stopped = time.monotonic()
    await stop(task, reply)
    await asyncio.to_thread(measure, request, stopped, record_property)
    await predict.close()


async def aclose_at_a_yield(holder: list[Any]) -> None:
    await holder[0].aclose()


async def throw_at_a_yield(holder: list[Any]) -> None:
    with pytest.raises(RuntimeError, match="of the consumer"):
        await holder[0].athrow(RuntimeError("of the consumer"))


async def adrop(holder: list[Any]) -> None:
    holder.clear()


async def adrop_in_a_cycle(holder: list[Any]) -> None:
    forget_in_a_cycle(holder)


@pytest.mark.parametrize("stop", [aclose_at_a_yield, throw_at_a_yield, adrop, adrop_in_a_cycle])
@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_suspended_async_reply_is_stopped(
    backend: str, stop: Any, server: FaultServer, record_property: Record
) -> None:
    """Closing or dropping it at a yield, or an exception there, frees the connection."""
    dialect, make = BACKENDS[backend]
    url = server.url("stall_mid_always", dialect)
    predict = make(url).aio
    holder = [predict("Hello", [])]
    await anext(holder[0])
    [request] = server.requests(url)
    stopped = time.monotonic()
    await stop(holder)
    await asyncio.to_thread(measure, request, stopped, record_property)
    await predict.close()


_MAIN = """
import asyncio, sys
from tests.http_backends import BACKENDS
backend, colour, url = sys.argv[1:]
predict = BACKENDS[backend][1](url)
def listen():
    for value in predict("Hello", []):
        print("begun", flush=True)
async def alisten():
    async for value in predict.aio("Hello", []):
        print("begun", flush=True)
try:
    listen() if colour == "sync" else asyncio.run(alisten())
except KeyboardInterrupt:
    print("interrupted", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("state", [*STATES, "stall_headers_always"])
@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("backend", ["openai-chat", "tgi"])
def test_ctrl_c(
    backend: str, colour: str, state: str, server: FaultServer, record_property: Record
) -> None:
    """An interrupt frees the connection while the process lives on, and ends in silence."""
    url = server.url(state, BACKENDS[backend][0])
    command = [sys.executable, "-W", "error", "-c", _MAIN, backend, colour, url]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        if state.startswith("stall_headers"):
            asked(server, url)
        else:
            assert process.stdout.readline() == "begun\n"
        [request] = server.requests(url)
        stopped = time.monotonic()
        process.send_signal(signal.SIGINT)
        measure(request, stopped, record_property)
        said, errors = process.communicate()
    assert (said.splitlines()[-1], errors) == ("interrupted", "")
    assert KEY not in said
