"""TLS within the TLS of a proxy, which the standard library's sockets cannot do."""

from __future__ import annotations

import ssl
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_BYTES = 64 * 1024
_LEAST_SECONDS = 0.001


class NestedTls:
    """A connection within another one, with as much of a socket as `NetworkStream` needs.

    Args:
        outer: The socket that is connected with the proxy, whose timeout holds for both.
        context: The settings of the inner TLS.
        server_hostname: Whom to expect.

    Attributes:
        outer: As given.
        tls: The inner TLS.
    """

    def __init__(
        self, outer: ssl.SSLSocket, context: ssl.SSLContext, server_hostname: str | None
    ) -> None:
        self.outer = outer
        self._came, self._goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._came, self._goes, server_hostname=server_hostname)
        self._until: float | None = None
        self.settimeout(outer.gettimeout())
        self._run(self.tls.do_handshake)

    def recv(self, most: int) -> bytes:
        try:
            data: bytes = self._run(self.tls.read, most)
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""
        return data

    def sendall(self, data: bytes) -> None:
        while data:
            data = data[self._run(self.tls.write, data) :]

    def pending(self) -> int:
        """Give a number above zero where something can be read without waiting."""
        return self.tls.pending() or self._came.pending or self.outer.pending()

    def settimeout(self, seconds: float | None) -> None:
        """Set how long one operation may take in all; 0 is not to wait."""
        self.outer.settimeout(seconds)
        self._until = monotonic() + seconds if seconds else None

    def fileno(self) -> int:
        return self.outer.fileno()

    def close(self) -> None:
        self.outer.close()

    def _run(self, step: Callable[..., Any], *args: Any) -> Any:
        while True:
            try:
                done = step(*args)
            except ssl.SSLWantReadError:
                self._flush()
                self._fill()
            else:
                self._flush()
                return done

    def _bound(self) -> None:
        if self._until is not None:
            self.outer.settimeout(max(_LEAST_SECONDS, self._until - monotonic()))

    def _flush(self) -> None:
        if self._goes.pending:
            self._bound()
            self.outer.sendall(self._goes.read())

    def _fill(self) -> None:
        self._bound()
        data = self.outer.recv(_MOST_BYTES)
        if data:
            self._came.write(data)
        else:
            self._came.write_eof()
