"""Moves the chunks of one attempt to its consumer in sync code, in a thread.

A stream that keeps deadlines needs none. These only move: what a chunk means, how long
to wait and when to stop is decided elsewhere.
"""

from __future__ import annotations

from contextvars import copy_context
from functools import partial
from inspect import iscoroutine
from math import inf
from queue import Empty, SimpleQueue
from threading import Event as Flag
from threading import Thread, current_thread
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, NamedTuple

from ._exit import close_at_exit
from ._redact import chain
from ._slices import slices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ._backend import Backend, Chunk, Payload, TimedStream
    from ._policies import Timeout

_FULL_PAUSE = 0.005
_OBJECT_SIZE = 512
_JOIN_SECONDS = 0.05


class End(NamedTuple):
    """The end of a stream.

    Attributes:
        error: Why it broke, or None when it simply ended.
        late: Whether that is that nothing came in time, so that nothing more can.
    """

    error: BaseException | None
    late: bool = False


def size_of(chunk: Chunk) -> int:
    """Give how many bytes a chunk takes, about."""
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
    return Feed(partial(_opened, backend, payload, timeout), most)


def _opened(backend: Backend, payload: Payload, timeout: Timeout) -> Iterator[Chunk]:
    stream = backend.stream(payload, timeout)
    if not hasattr(stream, "__iter__"):
        what = "is a generator, or returns an iterator of chunks"
        raise no_stream(backend, f"stream(payload, timeout) {what}", stream)
    return stream


def no_stream(backend: Backend, what: str, given: object) -> TypeError:
    """Give the error for a backend whose stream is none.

    Args:
        backend: The backend.
        what: The method, and what it should be.
        given: What it gave.
    """
    if iscoroutine(given):
        given.close()  # which nobody will await
    return TypeError(f"{type(backend).__name__}.{what}; it gave {given!r:.80}")


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

    def get(self, until: float, gather: bool = False) -> tuple[list[Chunk], End | None]:
        """Wait for something to come and take it, as `Feed.get` does."""
        if self._end is not None:
            return [], self._end
        chunks: list[Chunk] = []
        try:
            self._read(chunks, None if until == inf else until, gather)
        except StopIteration:
            self._end = End(None)
        except Exception as error:  # handed to the consumer, whatever it is
            late = not chunks and monotonic() >= until
            timed_out = any(isinstance(link, TimeoutError) for link in chain(error))
            self._end = End(error, late and timed_out)
            if late and not timed_out:
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

    def get(self, until: float, gather: bool = False) -> tuple[list[Chunk], End | None]:
        """Wait for something to come and take all that is there.

        Args:
            until: When to stop waiting, by the monotonic clock in seconds; `inf` for no bound.
            gather: Whether to let chunks gather all that time, unless the stream ends.

        Returns:
            The chunks, none when the time passed, and the end if the stream has ended.
        """
        chunks: list[Chunk] = []
        seconds = None if until == inf else max(0.0, until - monotonic())
        try:
            if gather:
                any(map(self._ended.wait, slices(seconds)))
            item = self._queue.get_nowait() if gather else self._first(seconds)
            while type(item) is not End:
                chunks.append(item)
                item = self._queue.get_nowait()
        except Empty:
            self._taken += sum(map(size_of, chunks))
            return chunks, None
        return chunks, item

    def _first(self, seconds: float | None) -> Any:
        for each in slices(seconds):
            try:
                return self._queue.get(timeout=each)
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
                    self._moved += size_of(chunk)
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
