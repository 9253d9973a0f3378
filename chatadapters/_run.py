"""The two short loops that run a reply, sync and async, side by side."""

from __future__ import annotations

from contextlib import aclosing, closing
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, TypeAlias

from ._exit import close_at_exit

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

    from ._reply import ReplyState

    #: Makes the reply to (message, history, extra, named).
    Start: TypeAlias = Callable[[Any, Any, tuple[Any, ...], dict[str, Any]], ReplyState]


def streaming(start: Start) -> Callable[..., Generator[Any, None, None]]:
    """Make the generator function that runs a reply and yields what its view gives.

    It raises why the reply failed, after all its text was yielded.
    """

    def predict(
        message: Any, history: Any = None, *extra: Any, **named: Any
    ) -> Generator[Any, None, None]:
        from ._feed import open_feed

        reply = start(message, history, extra, named)
        close_at_exit(reply, first=True)
        del extra, named  # a key may be among them, and tracebacks show variables
        try:
            while not reply.over:
                if reply.wait:
                    sleep(reply.wait)
                with closing(open_feed(*reply.begin())) as feed:
                    feed.start()  # in here, because an interrupt may come while it starts
                    while reply.streaming:
                        until, gather = reply.until(monotonic())
                        reply.step(feed.get(until, gather), now := monotonic())
                        yield from reply.take(now)
        finally:
            reply.close()
        if reply.error is not None:
            raise reply.error

    return predict


def astreaming(start: Start) -> Callable[..., AsyncGenerator[Any, None]]:
    """Make the async generator function that does the same; the twin of `streaming`.

    A loop that shuts down closes every async generator at once, so a reply is one alone.
    """

    async def predict(
        message: Any, history: Any = None, *extra: Any, **named: Any
    ) -> AsyncGenerator[Any, None]:
        from ._feed_async import open_async_feed

        reply = start(message, history, extra, named)
        close_at_exit(reply, first=True)
        del extra, named  # a key may be among them, and tracebacks show variables
        try:
            while not reply.over:
                if reply.wait:
                    from asyncio import sleep as asleep

                    await asleep(reply.wait)
                async with aclosing(open_async_feed(*reply.begin())) as feed:
                    feed.start()
                    while reply.streaming:
                        until, gather = reply.until(monotonic())
                        reply.step(await feed.get(until, gather), now := monotonic())
                        for value in reply.take(now):
                            yield value
        finally:
            reply.close()
        if reply.error is not None:
            raise reply.error

    return predict
