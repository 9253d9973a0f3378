"""An async reply that began in one event loop and is read in another."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from chatadapters import make_predict
from chatadapters.testing import Pause, ScriptedBackend
from tests.event_loops import LOOPS
from tests.kept_server import MAKE, ONCE, Server, authority, server

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

__all__ = ["authority", "server"]


async def following(reply: AsyncGenerator[Any, None]) -> Any:
    return await anext(reply)


@pytest.mark.parametrize("view", ["__call__", "deltas", "events"])
def test_the_error_says_what_to_do(view: str) -> None:
    """Each view says what was wrong, and the first loop ends the stream when it runs again."""
    backend = ScriptedBackend(["Half ", Pause(60)])
    reply = getattr(make_predict(backend).aio, view)("Hi", [])
    with asyncio.Runner() as runner:
        runner.run(following(reply))
        with pytest.raises(RuntimeError, match=r"began in another event loop.*in one loop"):
            asyncio.run(following(reply))
        assert backend.closed == []
        runner.run(asyncio.sleep(0))
        assert backend.closed == [None]


def test_what_has_come_is_not_given_either() -> None:
    """It is the same error when there would be nothing to wait for."""
    reply = make_predict(ScriptedBackend(["Half ", Pause(0.01), "an hour."])).aio("Hi")
    with asyncio.Runner() as runner:
        runner.run(following(reply))
        runner.run(asyncio.sleep(0.1))
        with pytest.raises(RuntimeError, match="another event loop"):
            asyncio.run(following(reply))


def test_a_reply_is_closed_in_another_loop() -> None:
    """To close one is no mistake; the first loop ends its stream."""
    backend = ScriptedBackend(["Half ", Pause(60)])
    reply = make_predict(backend).aio("Hi", [])
    with asyncio.Runner() as runner:
        runner.run(following(reply))
        asyncio.run(reply.aclose())
        runner.run(asyncio.sleep(0))
        assert backend.closed == [None]


@pytest.mark.parametrize("server", ["http"], indirect=True)
@pytest.mark.parametrize("new", LOOPS.values(), ids=LOOPS)
def test_a_loop_that_runs_frees_the_connection(
    new: Callable[[], asyncio.AbstractEventLoop], server: Server
) -> None:
    """It does so at once, although nobody there waits for it."""
    server.hold.set()
    predict = MAKE["openai chat"](server.url, retry=ONCE)
    reply = predict.aio("Hi", [])
    loop = new()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(following(reply), loop).result(10)
        with pytest.raises(RuntimeError, match="another event loop"):
            asyncio.run(following(reply))
        assert server.left.wait(5)
        asyncio.run_coroutine_threadsafe(predict.aio.close(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
