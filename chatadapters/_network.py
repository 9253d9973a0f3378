"""Bytes over the network, blocking, whose reads end where a request's deadline is."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING
from weakref import finalize

import httpx2

from ._abort import this_request
from ._forks import cut_off, forget_in_forks
from ._happy_eyeballs import connected
from ._nested_tls import NestedTls
from ._reuse import Reuse
from ._slices import IN, OUT, WINDOWS, ready

if TYPE_CHECKING:
    from types import TracebackType

_MOST_BYTES = 64 * 1024
_MOST_LATE_READS = 10


def connect_tcp(host: str, port: int, timeout: float | None) -> NetworkStream:
    """Connect to a server within so many seconds, or until the request's deadline."""
    with Raised(httpx2.ConnectTimeout, httpx2.ConnectError):
        made = connected(host, port, _bounded(timeout))
        with suppress(OSError):  # it was reset already, as the first write will tell
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return NetworkStream(made)


class NetworkStream:
    """The bytes of one connection, both ways.

    Args:
        sock: The connected socket, with or without TLS, or with TLS within TLS.
    """

    def __init__(self, sock: socket.socket | NestedTls) -> None:
        self._socket = sock
        self._plain = sock.outer if isinstance(sock, NestedTls) else sock
        # Holds the socket, which in a cycle of garbage could be finalized before who closes it, and
        # closes it where an interrupt lost the connection.
        self._finalizer = finalize(self, sock.close)
        self._finalizer.atexit = False
        self._kept = b""  # what was read too far
        self._late_reads = 0  # of a head, when the request's deadline was over
        self._reuse = Reuse()
        self._drained = False
        self._silence: float | None = None
        self._request = this_request()
        if self._request is not None:
            self._request.found(self._plain)
        forget_in_forks(self)

    def forget(self) -> None:
        """Neither read what is for the parent nor say anything in its name."""
        cut_off(self._socket.fileno())

    def write(self, data: bytes, timeout: float | None, *, again: bool = False) -> None:
        """Send a request, or what a proxy is told.

        Args:
            data: All of it.
            timeout: How long it may take, in seconds.
            again: Whether the connection was kept from an earlier request.
        """
        self._request, self._late_reads = this_request(), 0
        if self._request is not None:
            self._request.found(self._plain)
        self._reuse.sends(again=again)
        with Raised(httpx2.WriteTimeout, httpx2.WriteError):
            self._socket.settimeout(_bounded(timeout))
            self._socket.sendall(data)

    def read(self, timeout: float | None) -> bytes:
        """Read some of a head, nothing at the end of the connection."""
        with self._reuse, Raised(httpx2.ReadTimeout, httpx2.ReadError):
            self._check_deadline()
            data = self._recv(_bounded(timeout))
        self._reuse.came(data)
        return data

    def put_back(self, data: bytes) -> None:
        """Let `receive` give this first."""
        self._kept = data

    def _check_deadline(self) -> None:
        """End a head that goes on after the request's deadline, but read what came until then."""
        deadline = self._request.deadline if self._request is not None else None
        if deadline is not None and monotonic() >= deadline:
            self._late_reads += 1
            if self._late_reads > _MOST_LATE_READS:
                raise TimeoutError("timed out")

    def _recv(self, timeout: float | None) -> bytes:
        if WINDOWS and not (self._pending() or ready(self._socket, IN, timeout)):
            raise TimeoutError("timed out")
        self._socket.settimeout(timeout)
        return self._socket.recv(_MOST_BYTES)

    def begin_body(self, silence: float | None) -> None:
        """Note that `receive` follows.

        Args:
            silence: The longest wait for more of the body, in seconds.
        """
        self._silence, self._drained = silence, False
        self._socket.settimeout(0)

    def receive(self, *, timed: bool) -> bytes | None:
        """Give more of the body, nothing at the end of the connection.

        Args:
            timed: Whether to keep to the request's deadline.

        Returns:
            Bytes, or None when the deadline came first.
        """
        if self._kept:
            data, self._kept = self._kept, b""
            return data
        try:
            return self._next(timed)
        except TimeoutError as error:
            raise httpx2.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpx2.ReadError(str(error)) from error

    def _next(self, timed: bool) -> bytes | None:
        wait = IN if self._drained else 0
        while True:
            if wait and not self._wait(wait, timed):
                return None
            try:
                data = self._socket.recv(_MOST_BYTES)
            except (BlockingIOError, ssl.SSLWantReadError):
                wait = IN
            except ssl.SSLWantWriteError:
                wait = OUT
            else:
                self._drained = len(data) < _MOST_BYTES and not self._pending()
                return data

    def _pending(self) -> bool:
        return isinstance(self._socket, (ssl.SSLSocket, NestedTls)) and self._socket.pending() > 0

    def _wait(self, event: int, timed: bool) -> bool:
        """Wait for the socket; False when the request's deadline came first."""
        deadline = self._request.deadline if timed and self._request is not None else None
        left = self._silence if deadline is None else max(0.0, deadline - monotonic())
        if ready(self._socket, event, left):
            return True
        if deadline is None:
            raise TimeoutError("timed out")
        return False

    def released(self) -> None:
        """Note that the request is over and the connection serves no one."""
        if self._request is not None:
            self._request.ended()
            self._request = None

    def close(self) -> None:
        self.released()
        self._socket.close()

    def start_tls(
        self, context: ssl.SSLContext, hostname: str, timeout: float | None
    ) -> NetworkStream:
        """Give the stream that lies within this one."""
        try:
            with Raised(httpx2.ConnectTimeout, httpx2.ConnectError):
                self._socket.settimeout(_bounded(timeout))
                secured = _secured(self._socket, context, hostname)
        except BaseException:
            self.close()
            raise
        self._finalizer.detach()
        return NetworkStream(secured)

    def is_readable(self) -> bool:
        """Say whether something came, such as the end of the connection."""
        return bool(self._kept) or self._pending() or ready(self._socket, IN, 0)


def _bounded(timeout: float | None) -> float | None:
    """Give the seconds that an operation for the current request may take."""
    request = this_request()
    left = request.left() if request is not None else None
    if left is None:
        return timeout
    return max(0.001, left if timeout is None else min(timeout, left))


def _secured(
    sock: socket.socket | NestedTls, context: ssl.SSLContext, hostname: str
) -> socket.socket | NestedTls:
    if isinstance(sock, ssl.SSLSocket):  # that of a proxy
        return NestedTls(sock, context, hostname)
    assert isinstance(sock, socket.socket)
    return context.wrap_socket(sock, server_hostname=hostname)


class Raised:
    """A context that raises what the system raises as httpx's errors.

    Args:
        late: The class of error when something took too long.
        broken: That of any other.
    """

    __slots__ = ("_broken", "_late")

    def __init__(
        self, late: type[httpx2.TransportError], broken: type[httpx2.TransportError]
    ) -> None:
        self._late, self._broken = late, broken

    def __enter__(self) -> None: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, OSError):
            late = isinstance(error, TimeoutError)
            raise (self._late if late else self._broken)(str(error)) from error
