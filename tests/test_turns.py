"""Timeouts that a busy event loop does not shorten."""

from __future__ import annotations

import asyncio
import time

import pytest

from chatadapters._network_async import connect_tcp
from chatadapters._turns import Bound


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
