"""Ends a blocked read from another thread, by shutting down the socket it waits on."""

from __future__ import annotations

from contextlib import suppress
from os import getpid
from threading import RLock, local
from time import monotonic
from typing import TYPE_CHECKING, Any

from ._clock import BUSY_SECONDS

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Generator, Iterator, Mapping

_this_thread = local()


class Hangup:
    """The socket of one request, as soon as it is known.

    Closing a response from another thread does not free a read that waits for it; shutting
    its socket down does.

    Attributes:
        aborted: Whether `abort` was called.
        deadline: When the reader wants to be told that nothing came, by the monotonic clock;
            None is never. Connections of our own keep to it.
    """

    def __init__(self) -> None:
        self.aborted = False
        self.deadline: float | None = None
        self._began = monotonic()
        self._process = getpid()
        self._socket: socket.socket | None = None
        self._lock = RLock()  # the garbage collector may run in it

    def left(self) -> float | None:
        """Give the seconds until the deadline, None for ever.

        One that passed long ago, because the process was stopped before it could ask, begins anew.
        """
        if self.deadline is None:
            return None
        now = monotonic()
        if now > self.deadline + BUSY_SECONDS:
            self.deadline, self._began = now + self.deadline - self._began, now
        return self.deadline - now

    def abort(self) -> None:
        """Shut the socket down now, or as soon as it is known."""
        self.aborted = True
        self._shut_down()

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Learn the socket of a new connection; for httpcore's request extension `trace`."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._found(info["return_value"])

    def answered(self, response: Any) -> None:
        """Learn the socket from the response of an httpx client, old or new."""
        self._found(response.extensions.get("network_stream"))

    def _found(self, stream: Any) -> None:
        if stream is not None:
            self.found(stream.get_extra_info("socket"))

    def found(self, sock: socket.socket) -> None:
        """Learn the socket."""
        self._socket = sock
        if self.aborted:
            self._shut_down()

    def ended(self) -> None:
        """Forget the socket: its connection may serve another request now."""
        if getpid() != self._process:  # a thread of the parent may have held the lock
            return
        with self._lock:
            self._socket = None

    def _shut_down(self) -> None:
        import socket

        if getpid() != self._process:  # this one was forked, and the parent still reads
            return
        with self._lock:
            if self._socket is not None:
                with suppress(OSError):  # it is closed already
                    # Not the method of a TLS socket, which first drops its state under the reader.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class AbortableStream:
    """An iterator of blocks that another thread may abort.

    Args:
        read: A generator function that does the reading. It may tell the `Hangup` it is given
            which response it reads; requests that pass the hook `watch_request` on the way
            are known before they are answered.

    Example:
        >>> stream = AbortableStream(lambda hangup: (block for block in (b"a", b"b")))
        >>> next(stream)
        b'a'
        >>> stream.abort()
        >>> list(stream)
        []
    """

    def __init__(self, read: Callable[[Hangup], Generator[bytes, None, None]]) -> None:
        self._hangup = Hangup()
        self._blocks = read(self._hangup)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._hangup.aborted:
            raise StopIteration
        before = this_request()  # whose key may be what this one is asked for
        _this_thread.hangup = self._hangup
        try:
            return next(self._blocks)
        except Exception:  # whatever a torn connection raises, nobody waits for it
            self._hangup.ended()
            if self._hangup.aborted:
                raise StopIteration from None
            raise
        finally:
            _this_thread.hangup = before

    def read(self, deadline: float | None) -> bytes:
        """Give the next block, or nothing when the deadline came first.

        It is for what is read through connections of our own, which keep deadlines.

        Args:
            deadline: A reading of the monotonic clock, or None for ever.

        Raises:
            StopIteration: The stream has ended.
        """
        self._hangup.deadline = deadline
        return next(self)

    def abort(self) -> None:
        """End a blocked read at once; call it from any thread."""
        self._hangup.abort()

    def close(self) -> None:
        """Close the response; where another thread reads it just now, end its read."""
        try:
            self._blocks.close()
        except ValueError:  # it runs
            self._hangup.abort()
        else:
            self._hangup.ended()


def watch_request(request: Any) -> None:
    """Let an abort find the socket before an answer came; for httpx's event hook `request`.

    It is for clients that do not take request extensions themselves. A kept-alive connection
    is known only once it answers.
    """
    hangup = this_request()
    if hangup is not None:
        request.extensions["trace"] = hangup.trace


def this_request() -> Hangup | None:
    """Give the hangup of the request that this thread works on, or None."""
    return getattr(_this_thread, "hangup", None)
