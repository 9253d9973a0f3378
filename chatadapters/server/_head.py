"""A connection of uvicorn's that does not wait for ever for the head of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from asyncio import TimerHandle, Transport

#: Seconds in which a head must have come, from the connection or from its first byte.
SECONDS = 20.0


class BoundedHead(H11Protocol):
    """Closes a connection whose request head has not come in time.

    uvicorn's own clock ends with the first byte, so that a client which sends one now and then
    would keep a connection, and many of them all that a process may have.
    """

    _late: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # uvicorn narrows it too
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self.cycle and not self.cycle.response_complete:
            self._unwatch()
        elif self._late is None:
            self._late = self.loop.call_later(SECONDS, self._hang_up)

    def _unwatch(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _hang_up(self) -> None:
        if self.transport.get_protocol() is self:  # not one that became a WebSocket
            self.transport.close()
