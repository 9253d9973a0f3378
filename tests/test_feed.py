"""The thread and the task that move chunks."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from contextvars import ContextVar
from math import inf
from typing import TypeVar

import pytest

from chatadapters import echo_predict
from chatadapters._feed import End, Feed
from chatadapters._feed_async import AsyncFeed

F = TypeVar("F", Feed, AsyncFeed)


def started(feed: F) -> F:
    feed.start()
    return feed


def collect(feed: Feed) -> tuple[list[object], End]:
    chunks: list[object] = []
    while True:
        new, end = feed.get(time.monotonic() + 5)
        chunks += new
        if end is not None:
            return chunks, end


async def acollect(feed: AsyncFeed) -> tuple[list[object], End]:
    chunks: list[object] = []
    while True:
        new, end = await feed.get(time.monotonic() + 5)
        chunks += new
        if end is not None:
            return chunks, end


async def as_async(chunks: Iterator[object]) -> AsyncIterator[object]:
    for chunk in chunks:
        yield chunk
        await asyncio.sleep(0)


def broken() -> Iterator[bytes]:
    yield b"a"
    raise ConnectionResetError


async def test_all_chunks_arrive_in_order_and_then_the_end() -> None:
    """Nothing is lost between the network and the consumer."""
    with closing(started(Feed(lambda: iter(range(1000)), 100))) as feed:
        assert collect(feed) == (list(range(1000)), End(None))
    async with aclosing(started(AsyncFeed(lambda: as_async(iter(range(1000))), 100))) as afeed:
        assert await acollect(afeed) == (list(range(1000)), End(None))


async def test_an_error_comes_after_the_chunks_before_it() -> None:
    """What arrived before a connection broke is handed over first."""
    with closing(started(Feed(broken, 100))) as feed:
        chunks, end = collect(feed)
    assert (chunks, type(end.error)) == ([b"a"], ConnectionResetError)
    async with aclosing(started(AsyncFeed(lambda: as_async(broken()), 100))) as afeed:
        chunks, end = await acollect(afeed)
    assert (chunks, type(end.error)) == ([b"a"], ConnectionResetError)


async def test_waiting_ends_when_it_is_to() -> None:
    """A silent stream gives nothing, and in time."""
    silent = threading.Event()
    with closing(started(Feed(lambda: iter([silent.wait(20)]), 100))) as feed:
        assert feed.get(time.monotonic() + 0.01) == ([], None)
        silent.set()

    async def asilent() -> AsyncIterator[bytes]:
        await asyncio.sleep(60)
        yield b""

    async with aclosing(started(AsyncFeed(asilent, 100))) as afeed:
        assert await afeed.get(time.monotonic() + 0.01) == ([], None)


async def test_a_slow_consumer_holds_the_network_back() -> None:
    """No more waits in between than the buffer takes, a chunk or two aside."""
    moved: list[int] = []

    def counted() -> Iterator[bytes]:
        for number in range(1000):
            moved.append(number)
            yield b"x" * 10

    with closing(started(Feed(counted, 100))) as feed:
        time.sleep(0.05)
        assert len(moved) <= 13
        assert len(collect(feed)[0]) == 1000
    moved.clear()
    async with aclosing(started(AsyncFeed(lambda: as_async(counted()), 100))) as afeed:
        await asyncio.sleep(0.05)
        assert len(moved) <= 13
        assert len((await acollect(afeed))[0]) == 1000


class Blocking:
    """A stream that blocks until it is aborted."""

    def __init__(self) -> None:
        self.read = threading.Event()
        self.aborted, self.closed = threading.Event(), threading.Event()

    def __iter__(self) -> Blocking:
        return self

    def __next__(self) -> bytes:
        self.read.set()
        if self.aborted.wait(30):
            raise StopIteration
        return b""

    def abort(self) -> None:
        self.aborted.set()

    def close(self) -> None:
        self.closed.set()


def test_closing_frees_a_blocked_read() -> None:
    """The thread is gone right after, and the stream was closed in it."""
    stream = Blocking()
    feed = started(Feed(lambda: stream, 100))
    assert stream.read.wait(20)
    feed.close()
    assert stream.aborted.is_set()
    assert stream.closed.wait(20)
    feed._thread.join(20)
    assert not feed._thread.is_alive()


async def test_closing_cancels_a_waiting_stream() -> None:
    """The async stream has run its cleanup when `aclose` returns."""
    cleaned: list[bool] = []
    begun = asyncio.Event()

    async def waiting() -> AsyncIterator[bytes]:
        begun.set()
        try:
            await asyncio.sleep(60)
            yield b""
        finally:
            cleaned.append(True)

    feed = started(AsyncFeed(waiting, 100))
    await begun.wait()
    await feed.aclose()
    assert cleaned == [True]


async def test_context_variables_reach_the_stream() -> None:
    """Tracing that relies on them works."""
    variable: ContextVar[str] = ContextVar("variable")
    variable.set("here")
    with closing(started(Feed(lambda: iter([variable.get()]), 100))) as feed:
        assert collect(feed)[0] == ["here"]
    async with aclosing(started(AsyncFeed(lambda: as_async(iter([variable.get()])), 100))) as afeed:
        assert (await acollect(afeed))[0] == ["here"]


@pytest.mark.parametrize("times", [1, 3])
def test_closing_twice_is_fine(times: int) -> None:
    """Cleanup may run more than once."""
    feed = started(Feed(lambda: iter([1]), 100))
    for _ in range(times):
        feed.close()


async def test_gathering_lets_chunks_come_together_until_the_end() -> None:
    """A consumer that may not show anything earlier is woken once, and by the end at once."""

    def slow() -> Iterator[bytes]:
        for _ in range(3):
            yield b"x"
            time.sleep(0.01)

    with closing(started(Feed(slow, 100))) as feed:
        assert feed.get(time.monotonic() + 20, gather=True) == ([b"x"] * 3, End(None))

    async def aslow() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x"
            await asyncio.sleep(0.01)

    async with aclosing(started(AsyncFeed(aslow, 100))) as afeed:
        assert await afeed.get(time.monotonic() + 20, gather=True) == ([b"x"] * 3, End(None))

    async def silent() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(60)

    async with aclosing(started(AsyncFeed(silent, 100))) as afeed:
        await afeed.get(inf)
        assert await afeed.get(time.monotonic() + 0.001, gather=True) == ([], None)


def test_closing_while_the_stream_opens_aborts_it() -> None:
    """A stream that is opened too late is ended right away."""
    opened, stream = threading.Event(), Blocking()

    def slowly() -> Blocking:
        opened.wait(5)
        return stream

    feed = started(Feed(slowly, 100))
    feed.close()
    opened.set()
    assert stream.aborted.wait(5)
    assert stream.closed.wait(5)


def test_an_async_reply_outside_asyncio_says_what_to_call() -> None:
    """As one in trio does, whose steps no event loop of asyncio takes."""
    with pytest.raises(RuntimeError, match="call the sync predict in a thread"):
        anext(echo_predict().aio("Hi")).__await__().send(None)
