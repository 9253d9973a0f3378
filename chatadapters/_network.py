"""Blocking connections for httpcore that let a body be read without its parser.

httpcore makes the requests, speaks TLS and reads the heads of responses; this is a network backend
for it, its own interface for such things. It keeps what follows a head from the parser, so that
the body can be read here: the parser takes ten times as long for a chunk.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import finalize

import httpcore2

from ._abort import this_request
from ._framing import Head
from ._nested_tls import NestedTls
from ._race import connected
from ._reuse import Reuse
from ._slices import IN, OUT, WINDOWS, ready

if TYPE_CHECKING:
    from collections.abc import Generator

MOST_BYTES = 64 * 1024
_MOST_LATE_READS = 10


class Network(httpcore2.NetworkBackend):
    """Makes connections."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: object = None,  # noqa: ARG002 - ours set none
    ) -> Connection:
        with as_httpcore(httpcore2.ConnectTimeout, httpcore2.ConnectError):
            made = connected(host, port, local_address, _bounded(timeout))
            with suppress(OSError):  # it was reset already, as the first write will tell
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Connection(made)

    def sleep(self, seconds: float) -> None:
        raise NotImplementedError  # only httpcore's own retries sleep, and they are off


class Connection(httpcore2.NetworkStream):
    """One connection, which the parser reads through `read` and a body through `receive`.

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
        self._head = Head()
        self._unsent = self._kept = b""
        self._shown = False  # whether the parser saw more than the head
        self._late_reads = 0  # of a head, when the request's deadline was over
        self._reuse = Reuse()
        self._drained = False
        self._silence: float | None = None
        self._request = this_request()
        if self._request is not None:
            self._request.found(self._plain)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read for the parser, up to the end of a head."""
        if self._unsent:
            with suppress(httpcore2.WriteError):  # the server may have answered all the same
                self._send(timeout)
        self._shown = self._head.over
        if not self._shown:
            self._check_deadline()
        data, self._kept = self._kept, b""
        if not data:
            with self._reuse.answer(), as_httpcore(httpcore2.ReadTimeout, httpcore2.ReadError):
                data = self._recv(max_bytes, timeout if self._shown else _bounded(timeout))
            self._reuse.came(data)
        if self._shown:
            return data
        end = self._head.cut(data)
        self._kept = data[end:]
        return data[:end]

    def _check_deadline(self) -> None:
        """End a head that goes on after the request's deadline, but read what came until then."""
        deadline = self._request.deadline if self._request is not None else None
        if deadline is not None and monotonic() >= deadline:
            self._late_reads += 1
            if self._late_reads > _MOST_LATE_READS:
                raise httpcore2.ReadTimeout("timed out")

    def _recv(self, max_bytes: int, timeout: float | None) -> bytes:
        if WINDOWS and not (self._pending() or ready(self._socket, IN, timeout)):
            raise TimeoutError("timed out")
        self._socket.settimeout(timeout)
        return self._socket.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send a part of a request; a response with a new head follows."""
        self._reuse.asks(self._head)
        self._head, self._shown, self._late_reads = Head(), False, 0
        self._request = this_request()
        if self._request is not None:
            self._request.found(self._plain)
        self._unsent += buffer
        if len(self._unsent) > MOST_BYTES:
            self._send(timeout)

    def _send(self, timeout: float | None) -> None:
        """Send what was written: a head and a small body go together."""
        data, self._unsent = self._unsent, b""
        self._reuse.sends()
        with as_httpcore(httpcore2.WriteTimeout, httpcore2.WriteError):
            self._socket.settimeout(_bounded(timeout))
            self._socket.sendall(data)

    def take_over(self, silence: float | None) -> bool:
        """Read the body from here on; False if the parser has seen some of it.

        Args:
            silence: The longest wait for more of it, in seconds.
        """
        if self._shown:
            return False
        self._silence, self._drained = silence, False
        self._socket.settimeout(0)
        return True

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
            raise httpcore2.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.ReadError(str(error)) from error

    def _next(self, timed: bool) -> bytes | None:
        wait = IN if self._drained else 0
        while True:
            if wait and not self._wait(wait, timed):
                return None
            try:
                data = self._socket.recv(MOST_BYTES)
            except (BlockingIOError, ssl.SSLWantReadError):
                wait = IN
            except ssl.SSLWantWriteError:
                wait = OUT
            else:
                self._drained = len(data) < MOST_BYTES and not self._pending()
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

    def put_back(self, data: bytes) -> None:
        """Let the parser read this next."""
        self._kept, self._shown = data, True

    def released(self) -> None:
        """Note that the request is over and the connection serves no one."""
        if self._request is not None:
            self._request.ended()
            self._request = None

    def close(self) -> None:
        self.released()
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            with as_httpcore(httpcore2.ConnectTimeout, httpcore2.ConnectError):
                self._socket.settimeout(_bounded(timeout))
                secured = _secured(self._socket, ssl_context, server_hostname)
        except BaseException:
            self.close()
            raise
        self._finalizer.detach()
        return Connection(secured)

    def get_extra_info(self, info: str) -> Any:
        match info:
            case "socket":
                return self._plain
            case "ssl_object" if isinstance(self._socket, (ssl.SSLSocket, NestedTls)):
                return self._socket if isinstance(self._socket, ssl.SSLSocket) else self._socket.tls
            case "is_readable":
                return bool(self._kept) or ready(self._socket, IN, 0)
            case "client_addr":
                return self._plain.getsockname()
            case "server_addr":
                return self._plain.getpeername()
        return None


def _bounded(timeout: float | None) -> float | None:
    """Give the seconds that an operation for the current request may take."""
    request = this_request()
    if request is None or request.deadline is None:
        return timeout
    left = max(0.001, request.deadline - monotonic())
    return left if timeout is None else min(timeout, left)


def _secured(
    sock: socket.socket | NestedTls, context: ssl.SSLContext, server_hostname: str | None
) -> socket.socket | NestedTls:
    if isinstance(sock, ssl.SSLSocket):  # that of a proxy
        return NestedTls(sock, context, server_hostname)
    assert isinstance(sock, socket.socket)
    return context.wrap_socket(sock, server_hostname=server_hostname)


@contextmanager
def as_httpcore(late: type[Exception], broken: type[Exception]) -> Generator[None, None, None]:
    """Raise what the system raises as httpcore's errors."""
    try:
        yield
    except TimeoutError as error:
        raise late(str(error)) from error
    except OSError as error:
        raise broken(str(error)) from error
