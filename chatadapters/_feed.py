"""Moves the chunks of one attempt to its consumer: a thread in sync code, a task in async code.

A stream that keeps deadlines needs no thread. All of these only move: what a chunk means, how long
to wait and when to stop is decided elsewhere.
"""

from __future__ import annotations

from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event as Flag
from threading import Thread, current_thread
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, NamedTuple

from ._exit import close_at_exit
from ._slices import slices

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Iterator

    from ._backend import Backend, Chunk, Payload, TimedStream
    from ._policies import Timeout

_FULL_PAUSE = 0.005
_OBJECT_SIZE = 512
_JOIN_SECONDS = 0.05
_LITTLE = 4096  # bytes; a read that brings more is part of a burst


class End(NamedTuple):
    """The end of a stream: `error` is why it broke, or None when it simply ended."""

    error: BaseException | None


def _size(chunk: Chunk) -> int:
    return len(chunk) if isinstance(chunk, (bytes, str)) else _OBJECT_SIZE


def open_feed(backend: Backend, payload: Payload, timeout: Timeout, most: int) -> Feed | TimedFeed:
    """Open the stream of an attempt, in a thread of its own unless it needs none.

    Args:
        backend: Who is asked.
        payload: What is sent.
        timeout: How long to wait.
        most: Bytes that may wait for the consumer.
    """
    timed = backend.timed_stream(payload, timeout)
    if timed is not None:
        return TimedFeed(timed, most)
    return Feed(partial(backend.stream, payload, timeout), most)


def open_async_feed(backend: Backend, payload: Payload, timeout: Timeout, most: int) -> AsyncFeed:
    """Open the stream of an attempt in a task of its own; the twin of `open_feed`."""
    return AsyncFeed(partial(backend.astream, payload, timeout), most)


class TimedFeed:
    """Reads a stream that keeps deadlines, in the consumer's own thread.

    Args:
        stream: The stream.
        most: Bytes to gather before the consumer gets them.
    """

    def __init__(self, stream: TimedStream, most: int) -> None:
        self._stream, self._most = stream, most
        self._end: End | None = None

    def start(self) -> None:
        """Note that it is to be closed; the first `get` opens the stream."""
        close_at_exit(self)

    def get(self, patience: float | None, gather: bool = False) -> tuple[list[Chunk], End | None]:
        """Wait for something to come and take it, as `Feed.get` does."""
        if self._end is not None:
            return [], self._end
        deadline = None if patience is None else monotonic() + patience
        chunks: list[Chunk] = []
        try:
            self._read(chunks, deadline, gather)
        except StopIteration:
            self._end = End(None)
        except Exception as error:  # handed to the consumer, whatever it is
            self._end = End(error)
            if not chunks and deadline is not None and monotonic() >= deadline:
                return [], None  # the clocks say better what was waited for
        return chunks, self._end

    def _read(self, chunks: list[Chunk], deadline: float | None, gather: bool) -> None:
        size = 0
        while chunk := self._stream.read(deadline):
            chunks.append(chunk)
            size += len(chunk)
            if not gather or size > self._most:
                return

    def close(self) -> None:
        """End the stream."""
        self._stream.close()


class Feed:
    """Reads a stream in a daemon thread and hands over what has come.

    Args:
        open_stream: Opens the stream; it is called in the thread.
        most: Bytes that may wait here before the thread stops reading.
    """

    def __init__(self, open_stream: Callable[[], Iterator[Chunk]], most: int) -> None:
        self._open, self._most = open_stream, most
        self._queue: SimpleQueue[Any] = SimpleQueue()
        self._stream: Iterator[Chunk] | None = None
        self._moved = self._taken = 0  # each is written by one side only
        self._closed, self._ended = False, Flag()
        context = copy_context()
        self._thread = Thread(
            target=context.run, args=(self._move,), name="chatadapters-feed", daemon=True
        )

    def start(self) -> None:
        """Begin to read; what was begun is to be closed, also when this is interrupted."""
        close_at_exit(self)
        self._thread.start()

    def get(self, patience: float | None, gather: bool = False) -> tuple[list[Chunk], End | None]:
        """Wait for something to come and take all that is there.

        Args:
            patience: Longest wait in seconds, None for no bound.
            gather: Whether to let chunks gather all that time, unless the stream ends.

        Returns:
            The chunks, none when the time passed, and the end if the stream has ended.
        """
        chunks: list[Chunk] = []
        try:
            if gather:
                any(map(self._ended.wait, slices(patience)))
            item = self._queue.get_nowait() if gather else self._first(patience)
            while type(item) is not End:
                chunks.append(item)
                item = self._queue.get_nowait()
        except Empty:
            self._taken += sum(map(_size, chunks))
            return chunks, None
        return chunks, item

    def _first(self, patience: float | None) -> Any:
        for seconds in slices(patience):
            try:
                return self._queue.get(timeout=seconds)
            except Empty:
                continue
        raise Empty

    def close(self) -> None:
        """End the stream, a blocked read included, and let the thread go."""
        if self._closed:
            return
        self._closed = True
        if self._thread.is_alive():
            self._abort()
            if self._thread is not current_thread():  # the garbage collector may run in it
                self._thread.join(_JOIN_SECONDS)

    def _abort(self) -> None:
        abort = getattr(self._stream, "abort", None)
        if abort is not None:
            abort()

    def _move(self) -> None:
        try:
            self._stream = stream = self._open()
            if self._closed:  # while it was being opened
                self._abort()
            try:
                for chunk in stream:
                    self._queue.put(chunk)
                    self._moved += _size(chunk)
                    if self._closed or not self._wait_for_room():
                        break
            finally:
                close = getattr(stream, "close", None)
                if close is not None:
                    close()
        except BaseException as error:  # handed to the consumer, whatever it is
            self._queue.put(End(error))
        else:
            self._queue.put(End(None))
        self._ended.set()

    def _wait_for_room(self) -> bool:
        while self._moved - self._taken > self._most:
            if self._closed:
                return False
            sleep(_FULL_PAUSE)
        return True


class AsyncFeed:
    """Reads a stream in a task of its own and hands over what has come; the twin of `Feed`.

    A stream that can be poured gives its chunks itself, without the task.

    Args:
        open_stream: Opens the stream; it is called in the task.
        most: Bytes that may wait here before the stream is read no further.
    """

    def __init__(self, open_stream: Callable[[], AsyncIterator[Chunk]], most: int) -> None:
        import asyncio

        self._open, self._most = open_stream, most
        self._chunks: list[Chunk] = []
        self._waiting = 0
        self._end: End | None = None
        self._gather = False
        self._loop = asyncio.get_running_loop()
        self._arrived: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to read; what was begun is to be closed."""
        self._task = self._loop.create_task(self._move())

    async def get(
        self, patience: float | None, gather: bool = False
    ) -> tuple[list[Chunk], End | None]:
        """Wait for something to come and take all that is there.

        Args:
            patience: Longest wait in seconds, None for no bound.
            gather: Whether to let chunks gather all that time, unless the stream ends.

        Returns:
            The chunks, none when the time passed, and the end if the stream has ended.
        """
        if self._end is None and (gather or not self._chunks):
            self._gather = gather
            self._arrived = self._loop.create_future()
            self._set_timer(patience)
            try:
                await self._arrived
            finally:
                self._arrived = None
        chunks, self._chunks, self._waiting = self._chunks, [], 0
        self._make_room()
        return chunks, self._end

    async def aclose(self) -> None:
        """End the stream and wait until its connection is free."""
        import asyncio

        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _set_timer(self, patience: float | None) -> None:
        """Ring when a wait is over; a timer that rings earlier stays, which saves most of them."""
        self._due = None if patience is None else self._loop.time() + patience
        if self._due is None or (self._timer is not None and self._timer.when() <= self._due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._arrived is None or self._due is None:
            return
        if self._loop.time() < self._due:
            self._timer = self._loop.call_at(self._due, self._ring)
        elif self._gather and (self._room is None or self._waiting > self._most):
            _wake(self._arrived)
        else:
            from ._turns import after_turns

            self._gather = False
            self._make_room()  # what came while nothing was read comes now
            after_turns(partial(_wake, self._arrived))

    async def _move(self) -> None:
        from ._one_by_one import one_by_one

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
            whole: Whether all that comes while this waits will be one chunk. Then little is not
                worth reading as long as nothing may be shown.
        """
        self._chunks.append(chunk)
        self._waiting += _size(chunk)
        arrived = self._arrived
        if arrived is not None and not self._gather:
            _wake(arrived)
        if self._room is None and (
            self._waiting > self._most
            or (whole and self._gather and arrived is not None and len(chunk) < _LITTLE)
        ):
            self._room = self._loop.create_future()
        return self._room

    def _make_room(self) -> None:
        _wake(self._room)
        self._room = None


def _wake(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)
