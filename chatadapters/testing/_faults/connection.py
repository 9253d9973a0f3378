"""One connection of the fault server: reads requests, writes bytes, notices who left."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class ClientLeftError(ConnectionError):
    """The client closed the connection."""


class Request(NamedTuple):
    """The bytes of one request, taken apart."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Connection(asyncio.Protocol):
    """One client's connection.

    Writing waits until the bytes have left, and fails as soon as the client has gone.
    """

    def __init__(self, serve: Callable[[Connection], Awaitable[None]]) -> None:
        self._serve = serve
        self._received = bytearray()
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=0)
        self.task = asyncio.ensure_future(self._serve(self))

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._arrived.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio calls it so
        for event in (self._gone, self._writable, self._arrived):
            event.set()

    @property
    def gone(self) -> bool:
        """Whether the connection is closed, by either side."""
        return self._gone.is_set()

    async def receive(self) -> Request:
        """Read one request."""
        while b"\r\n\r\n" not in self._received:
            await self._more()
        head, _, _ = bytes(self._received).partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        pairs = (field.partition(":") for field in fields)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        size = len(head) + 4 + int(headers.get("content-length", 0))
        while len(self._received) < size:
            await self._more()
        body = bytes(self._received[len(head) + 4 : size])
        del self._received[:size]
        method, path, _ = line.split(" ")
        return Request(method, path, headers, body)

    async def _more(self) -> None:
        self._arrived.clear()
        self._check()
        await self._arrived.wait()
        self._check()

    async def send(self, data: bytes) -> None:
        """Write bytes and wait until they have left."""
        self._check()
        self._transport.write(data)
        await self._writable.wait()
        await asyncio.sleep(0)

    async def wait(self, seconds: float) -> None:
        """Wait, unless the client leaves."""
        try:
            async with asyncio.timeout(seconds):
                await self._gone.wait()
        except TimeoutError:
            return
        self._check()

    def _check(self) -> None:
        if self.gone:
            raise ClientLeftError("the client closed the connection")

    def close(self) -> None:
        """Close the connection with a FIN."""
        self._transport.close()

    def abort(self) -> None:
        """Drop the connection."""
        self._transport.abort()

    def reset(self) -> None:
        """Close the connection with a RST, unless the client has."""
        self._check()
        sock: socket.socket = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
