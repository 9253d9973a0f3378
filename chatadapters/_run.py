"""The two short loops that run a reply, sync and async, side by side."""

from __future__ import annotations

from contextlib import aclosing, closing
from functools import partial
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from ._feed import AsyncFeed, Feed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from ._reply import ReplyState


def run(reply: ReplyState) -> Generator[Any, None, None]:
    """Run a reply and yield what its view gives.

    Raises:
        BaseException: Why the reply failed, after all its text was yielded.
    """
    try:
        while not reply.over:
            sleep(reply.wait)
            call = reply.begin()
            stream = partial(call.backend.stream, reply.payload, call.timeout)
            with closing(Feed(stream, call.rules.limits.buffer)) as feed:
                while reply.streaming:
                    reply.step(*feed.get(*reply.patience(monotonic())), monotonic())
                    yield from reply.take(monotonic())
    finally:
        reply.close()
    if reply.error is not None:
        raise reply.error


async def arun(reply: ReplyState) -> AsyncGenerator[Any, None]:
    """Run a reply and yield what its view gives; the async twin of `run`.

    Raises:
        BaseException: Why the reply failed, after all its text was yielded.
    """
    from asyncio import sleep as asleep

    try:
        while not reply.over:
            await asleep(reply.wait)
            call = reply.begin()
            stream = partial(call.backend.astream, reply.payload, call.timeout)
            async with aclosing(AsyncFeed(stream, call.rules.limits.buffer)) as feed:
                while reply.streaming:
                    reply.step(*await feed.get(*reply.patience(monotonic())), monotonic())
                    for value in reply.take(monotonic()):
                        yield value
    finally:
        reply.close()
    if reply.error is not None:
        raise reply.error
