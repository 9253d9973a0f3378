"""Timeouts that a busy event loop does not shorten."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING

import httpx2
import pytest

from chatadapters._network_async import connect_tcp
from chatadapters._turns import Bound, after_turns
from tests.event_loops import LOOPS

if TYPE_CHECKING:
    from collections.abc import Callable


async def test_what_came_while_the_loop_was_busy_is_not_too_late() -> None:
    """A connection made in time counts, although the loop was blocked beyond the timeout."""

    def block() -> None:
        time.sleep(0.4)

    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for busy in range(4):  # the loop is blocked at each step of connecting in turn
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(connect_tcp("127.0.0.1", port, 0.2))
        for _ in range(busy):
            await asyncio.sleep(0)
        loop.call_soon(block)
        (await task).abort()
        await asyncio.sleep(0)
    server.close()


@pytest.mark.parametrize("part", ["head", "body"])
@pytest.mark.parametrize("new", LOOPS.values(), ids=LOOPS)
def test_an_answer_that_came_while_the_loop_was_busy_is_read(
    new: Callable[[], asyncio.AbstractEventLoop], part: str
) -> None:
    """Though the loop was blocked for longer than the longest silence."""

    def block(other: socket.socket, served: socket.socket) -> None:
        other.recv(1)
        time.sleep(0.4)
        served.sendall(b"x")

    async def read(listener: socket.socket) -> bytes:
        stream = await connect_tcp("127.0.0.1", listener.getsockname()[1], 5)
        served, _ = listener.accept()
        ours, theirs = socket.socketpair()
        with served, ours, theirs:
            asyncio.get_running_loop().add_reader(ours, block, ours, served)
            if part == "body":
                stream.begin_body(0.2)
            theirs.sendall(b"x")
            came = await (stream.read(0.2) if part == "head" else stream.receive())
            asyncio.get_running_loop().remove_reader(ours)
        stream.abort()
        await asyncio.sleep(0)
        return came

    with socket.create_server(("127.0.0.1", 0)) as server, asyncio.Runner(loop_factory=new) as run:
        assert run.run(read(server)) == b"x"


@pytest.mark.parametrize("part", ["head", "body"])
async def test_an_answer_that_does_not_come_is_not_waited_for(part: str) -> None:
    """The longest silence is over."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stream = await connect_tcp("127.0.0.1", listener.getsockname()[1], 5)
        if part == "body":
            stream.begin_body(0.1)
        began = time.monotonic()
        with pytest.raises(httpx2.ReadTimeout):
            await (stream.read(0.1) if part == "head" else stream.receive())
        assert time.monotonic() - began >= 0.1
        stream.abort()


async def test_a_wait_that_is_too_long_ends() -> None:
    """Nothing came, so that it is over; an outer cancellation stays what it is."""
    with pytest.raises(TimeoutError):
        async with Bound(0.01):
            await asyncio.sleep(60)

    async def bound() -> None:
        async with Bound(60):
            await asyncio.sleep(60)

    task = asyncio.create_task(bound())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with Bound(None):
        await asyncio.sleep(0)


@pytest.mark.parametrize("needed", [0, 3, 10, 100])
async def test_the_loop_turns_only_as_long_as_the_call_is_needed(needed: int) -> None:
    """It turns ten times, or until nobody waits any more, and is idle then."""
    called: list[None] = []
    asked: list[None] = []

    def is_over() -> bool:
        asked.append(None)
        return len(asked) > needed

    after_turns(lambda: called.append(None), unless=is_over)
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(called) == (needed > 10)
    assert len(asked) == min(needed, 10) + 1
