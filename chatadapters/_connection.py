"""Connections over which one request after the other is answered: HTTP/1.1, sync and async.

A connection is made with its first request. The body of an answer is read from `stream`, before the
next request is sent.
"""

from __future__ import annotations

from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import httpx2

from . import _network, _network_async
from ._heads import HeadReader, closes
from ._network import NetworkStream
from ._network_async import AsyncNetworkStream

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from ._heads import Fields, Head
    from ._routes import Route

_IDLE_SECONDS = 300.0

N = TypeVar("N", NetworkStream, AsyncNetworkStream)


class _Connection(Generic[N]):
    """What sync and async have in common.

    Args:
        route: The way to the server.
        context: Gives the TLS settings when they are needed.

    Attributes:
        route: As given.
        stream: What goes over the network, once it is connected.
    """

    def __init__(self, route: Route, context: Callable[[], ssl.SSLContext]) -> None:
        self.route = route
        self.stream: N | None = None
        self._context = context
        self._keeps = False
        self._idle_since: float | None = None

    def read_whole(self) -> None:
        """Note that the body was read to its end, and nothing came after it."""
        if self._keeps:
            self._idle_since = monotonic()

    def is_idle(self) -> bool:
        """Say whether another request may be sent."""
        return self._idle_since is not None

    def has_expired(self) -> bool:
        """Say whether the server has closed an idle connection, or will soon, or is not in step."""
        old = self._idle_since is None or monotonic() - self._idle_since > _IDLE_SECONDS
        return old or self.stream is None or self.stream.is_readable()

    def _answered(self, headers: Fields, head: Head) -> Head:
        self._keeps = head.keeps and not closes(headers)
        return head


class Connection(_Connection[NetworkStream]):
    """A blocking connection."""

    def ask(self, request: httpx2.Request) -> Head:
        """Send a request and give the head of its answer.

        Raises:
            httpx2.TransportError: There is none. `Gone` is one that may be sent again.
        """
        self._idle_since = None
        timeouts: dict[str, Any] = request.extensions.get("timeout", {})
        headers = request.headers.raw
        data = self.route.written(request, headers, request.read())
        stream, again = self.stream, self.stream is not None
        if stream is None:
            stream = self._connect(timeouts)
        with suppress(httpx2.WriteError):  # the server may have answered all the same
            stream.write(data, timeouts.get("write"), again=again)
        reader, timeout = HeadReader(), timeouts.get("read")
        while (rest := reader.feed(stream.read(timeout))) is None:
            pass
        stream.put_back(rest)
        return self._answered(headers, reader.head)

    def _connect(self, timeouts: dict[str, Any]) -> NetworkStream:
        route, timeout = self.route, timeouts.get("connect")
        host = route.first.host.decode("ascii")
        stream = self.stream = _network.connect_tcp(host, route.first.port, timeout)
        if route.first.scheme == b"https":
            stream = self.stream = stream.start_tls(self._context(), host, timeout)
        if route.talk is not None:
            talk = route.talk()
            with suppress(StopIteration):
                said = next(talk)
                while True:
                    if said:
                        stream.write(said, timeouts.get("write"))
                    said = talk.send(stream.read(timeouts.get("read")))
            if route.origin.scheme == b"https":
                host = route.origin.host.decode("ascii")
                stream = self.stream = stream.start_tls(self._context(), host, timeout)
        return stream

    def close(self) -> None:
        """Close it."""
        self._idle_since = None
        if self.stream is not None:
            self.stream.close()


class AsyncConnection(_Connection[AsyncNetworkStream]):
    """A connection in asyncio; the twin of `Connection`."""

    async def ask(self, request: httpx2.Request) -> Head:
        """Send a request and give the head of its answer; as `Connection.ask` does."""
        self._idle_since = None
        timeouts: dict[str, Any] = request.extensions.get("timeout", {})
        headers = request.headers.raw
        data = self.route.written(request, headers, await request.aread())
        stream, again = self.stream, self.stream is not None
        if stream is None:
            stream = await self._connect(timeouts)
        with suppress(httpx2.WriteError):  # the server may have answered all the same
            await stream.write(data, timeouts.get("write"), again=again)
        reader, timeout = HeadReader(), timeouts.get("read")
        while (rest := reader.feed(await stream.read(timeout))) is None:
            pass
        stream.put_back(rest)
        return self._answered(headers, reader.head)

    async def _connect(self, timeouts: dict[str, Any]) -> AsyncNetworkStream:
        route, timeout = self.route, timeouts.get("connect")
        host = route.first.host.decode("ascii")
        stream = self.stream = await _network_async.connect_tcp(host, route.first.port, timeout)
        if route.first.scheme == b"https":
            await stream.start_tls(self._context(), host, timeout)
        if route.talk is not None:
            talk = route.talk()
            with suppress(StopIteration):
                said = next(talk)
                while True:
                    if said:
                        await stream.write(said, timeouts.get("write"))
                    said = talk.send(await stream.read(timeouts.get("read")))
            if route.origin.scheme == b"https":
                host = route.origin.host.decode("ascii")
                await stream.start_tls(self._context(), host, timeout)
        return stream

    def abort(self) -> None:
        """Close it with the next turn of the loop, whatever becomes of the task that asks."""
        self._idle_since = None
        if self.stream is not None:
            self.stream.abort()
