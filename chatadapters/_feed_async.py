"""Moves the chunks of one attempt to its consumer in asyncio; the twin of `_feed`."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from ._feed import End, no_stream, size_of
from ._one_by_one import one_by_one
from ._turns import after_turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from ._backend import Backend, Chunk, Payload
    from ._policies import Timeout

_NO_LOOP = (
    "async replies run in asyncio, and no event loop of it runs here: in trio, call the sync "
    "predict in a thread, `await trio.to_thread.run_sync(predict.complete, message)`"
)
_OTHER_LOOP = (
    "this reply began in another event loop, which alone can read it: begin it and read it to its "
    "end in one loop, such as in one `asyncio.run(...)`"
)
_LITTLE = 4096  # bytes; a read that brings more is part of a burst
_FEW = 4  # chunks; to stop reading and begin again takes as long as these


def open_async_feed(backend: Backend, payload: Payload, timeout: Timeout, most: int) -> AsyncFeed:
    """Open the stream of an attempt in a task of its own; the twin of `open_feed`."""
    return AsyncFeed(partial(_opened, backend, payload, timeout), most)


def _opened(backend: Backend, payload: Payload, timeout: Timeout) -> AsyncIterator[Chunk]:
    stream = backend.astream(payload, timeout)
    if not (hasattr(stream, "__aiter__") or hasattr(stream, "pour")):
        what = "is an async generator, or a plain `def` that returns an async iterator of chunks"
        raise no_stream(backend, f"astream(payload, timeout) {what}", stream)
    return stream


class AsyncFeed:
    """Reads a stream in a task of its own and hands over what has come; the twin of `Feed`.

    A stream that can be poured gives its chunks itself, without the task.

    Args:
        open_stream: Opens the stream; it is called in the task.
        most: Bytes that may wait here before the stream is read no further.
    """

    __slots__ = (
        "__weakref__", "_arrived", "_chunks", "_due", "_end", "_gather", "_loop", "_most", "_open",
        "_rings", "_room", "_task", "_timers", "_waiting",
    )  # fmt: skip

    def __init__(self, open_stream: Callable[[], AsyncIterator[Chunk]], most: int) -> None:
        self._open, self._most = open_stream, most
        self._chunks: list[Chunk] = []
        self._waiting = 0
        self._end: End | None = None
        self._gather = False
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(_NO_LOOP) from None
        self._arrived: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._due = inf  # when the wait is over
        self._rings = inf  # when the next of the timers does
        self._timers: list[tuple[float, asyncio.TimerHandle]] = []  # with `_rings` before it

    def start(self) -> None:
        """Begin to read; what was begun is to be closed."""
        self._task = self._loop.create_task(self._move())

    async def get(self, until: float, gather: bool = False) -> tuple[list[Chunk], End | None]:
        """Wait for something to come and take all that is there.

        Args:
            until: When to stop waiting, by the monotonic clock in seconds; `inf` for no bound.
            gather: Whether to let chunks gather all that time, unless the stream ends.

        Returns:
            The chunks, none when the time passed, and the end if the stream has ended.

        Raises:
            RuntimeError: This is another event loop than that in which the reply began.
        """
        if self._end is None and (gather or not self._chunks):
            self._gather = gather
            self._arrived = self._loop.create_future()
            self._due = until
            try:
                if until < self._rings:
                    self._set_timer()
                await self._arrived
            except RuntimeError:  # to ask beforehand would be a system call for each token
                self._check_loop()
                raise
            finally:
                self._arrived = None
        else:
            self._check_loop()
        chunks, self._chunks, self._waiting = self._chunks, [], 0
        if self._room is not None:
            self._make_room()
        return chunks, self._end

    async def aclose(self) -> None:
        """End the stream and wait until its connection is free; another loop does not wait."""
        if asyncio.get_running_loop() is not self._loop:
            with suppress(RuntimeError):  # it is closed
                self._loop.call_soon_threadsafe(self._cancel)
            return
        self._cancel()
        if self._task is not None and not self._task.done():
            await asyncio.gather(self._task, return_exceptions=True)

    def _check_loop(self) -> None:
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError(_OTHER_LOOP) from None

    def _cancel(self) -> None:
        for _, timer in self._timers:
            timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _set_timer(self) -> None:
        """Ring when the wait is over; those that ring later stay, which saves most of them."""
        timer = self._loop.call_later(max(0.0, self._due - monotonic()), self._ring)
        self._timers.append((self._rings, timer))
        self._rings = self._due

    def _ring(self) -> None:
        self._rings, _ = self._timers.pop()
        if self._arrived is None or self._due == inf:
            return
        if monotonic() < self._due:
            if self._due < self._rings:
                self._set_timer()
        elif self._gather and (self._room is None or self._waiting > self._most):
            _wake(self._arrived)
        else:
            self._gather = False
            self._make_room()  # what came while nothing was read comes now
            after_turns(partial(_wake, self._arrived), unless=self._arrived.done)

    async def _move(self) -> None:
        try:
            await one_by_one()
            stream = self._open()
            try:
                pour = getattr(stream, "pour", None)
                if pour is not None:
                    await pour(self._put)
                else:
                    await self._read(stream)
            finally:
                close = getattr(stream, "aclose", None)
                if close is not None:
                    await close()
        except BaseException as error:  # handed to the consumer, whatever it is
            self._end = End(error)
        else:
            self._end = End(None)
        _wake(self._arrived)

    async def _read(self, stream: AsyncIterator[Chunk]) -> None:
        async for chunk in stream:
            if room := self._put(chunk):
                await room

    def _put(self, chunk: Chunk, whole: bool = False) -> asyncio.Future[None] | None:
        """Take a chunk; give what to wait for before the next one.

        Args:
            chunk: The chunk.
            whole: Whether all that comes while this waits will be one chunk. Then little by
                little is not worth reading as long as nothing may be shown.
        """
        self._chunks.append(chunk)
        size = len(chunk) if type(chunk) is bytes else size_of(chunk)
        self._waiting += size
        arrived, full = self._arrived, self._waiting > self._most
        if arrived is not None:
            if self._gather:
                little = whole and size < _LITTLE and len(self._chunks) >= _FEW
                full = full or little
            elif not arrived.done():
                arrived.set_result(None)
        if full and self._room is None:
            self._room = self._loop.create_future()
        return self._room

    def _make_room(self) -> None:
        _wake(self._room)
        self._room = None


def _wake(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)
