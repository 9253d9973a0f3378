"""Async predicts run on uvloop's event loop too, which servers choose without being asked."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
import uvloop

from chatadapters.testing.faults import TEXT
from tests.kept_server import MAKE, ONCE, Server, authority, server

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatadapters import Predict

__all__ = ["authority", "server"]


@pytest.mark.parametrize("server", ["http", "https"], indirect=True)
@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_a_conversation(make: Callable[..., Predict], server: Server) -> None:
    """Every wire answers, plain and with TLS, and keeps its connection between messages."""
    predict = make(server.url, retry=ONCE)

    async def talk() -> list[str]:
        texts = [(await predict.aio.complete("Hi")).text for _ in range(2)]
        await predict.aio.close()
        return texts

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(talk()) == [TEXT, TEXT]
    assert server.connections == [1, 1]


@pytest.mark.parametrize("server", ["http", "https"], indirect=True)
def test_stop(server: Server) -> None:
    """A reply that is stopped in its middle frees its connection at once."""
    server.hold.set()
    predict = MAKE["openai chat"](server.url, retry=ONCE)

    async def stop() -> float:
        async for _ in (reply := predict.aio("Hi")):
            break
        began = time.monotonic()
        await reply.aclose()
        await asyncio.to_thread(server.left.wait, 10)
        took = time.monotonic() - began
        await predict.aio.close()
        return took

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(stop()) < 5
