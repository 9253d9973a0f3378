"""Transports for httpx2's clients whose streams cost little: connections of our own, kept open.

httpx2 makes the requests and says what an answer means; what lies below it is read here. A
connection is used again once its body was read to the end.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx2

from ._abort import this_request
from ._body import AsyncBody, Body
from ._connection import AsyncConnection, Connection
from ._http import BODY
from ._pool import ConnectionPool
from ._proxies import origin_of
from ._reuse import Gone

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from ._heads import Head
    from ._proxies import Origin


class Transport(httpx2.BaseTransport):
    """Sends requests, blocking.

    Args:
        context: Gives the TLS settings when they are first needed.
        direct: Whether to go through no proxy and to keep no connection.
    """

    def __init__(self, context: Callable[[], ssl.SSLContext], *, direct: bool = False) -> None:
        self._pool = ConnectionPool(Connection, context, direct=direct)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        connection, head = self._send(request)
        body = Body(head, request, connection, self._give_back)
        return _response(head, body)

    def _send(self, request: httpx2.Request) -> tuple[Connection, Head]:
        origin = _origin(request)
        connection = self._pool.take(origin)
        if connection is not None:
            try:
                return connection, self._ask(connection, request)
            except Gone:
                if (hangup := this_request()) and hangup.aborted:
                    raise
        connection = self._pool.make(origin)
        return connection, self._ask(connection, request)

    def _ask(self, connection: Connection, request: httpx2.Request) -> Head:
        try:
            return connection.ask(request)
        except BaseException:
            connection.close()
            raise

    def _give_back(self, connection: Connection) -> None:
        for unused in self._pool.give_back(connection):
            unused.close()

    def close(self) -> None:
        for connection in self._pool.give_up():
            connection.close()


class AsyncTransport(httpx2.AsyncBaseTransport):
    """Sends requests in asyncio; the twin of `Transport`."""

    def __init__(self, context: Callable[[], ssl.SSLContext], *, direct: bool = False) -> None:
        self._pool = ConnectionPool(AsyncConnection, context, direct=direct)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        connection, head = await self._send(request)
        body = AsyncBody(head, request, connection, self._give_back)
        return _response(head, body)

    async def _send(self, request: httpx2.Request) -> tuple[AsyncConnection, Head]:
        origin = _origin(request)
        connection = self._pool.take(origin)
        if connection is not None:
            try:
                return connection, await self._ask(connection, request)
            except Gone:
                pass
        connection = self._pool.make(origin)
        return connection, await self._ask(connection, request)

    async def _ask(self, connection: AsyncConnection, request: httpx2.Request) -> Head:
        try:
            return await connection.ask(request)
        except GeneratorExit:  # the coroutine is closed, and may wait for nothing
            connection.abort()
            raise
        except BaseException:
            await _aborted([connection])
            raise

    async def _give_back(self, connection: AsyncConnection) -> None:
        await _aborted(self._pool.give_back(connection))

    async def aclose(self) -> None:
        await _aborted(self._pool.give_up())


async def _aborted(connections: list[AsyncConnection]) -> None:
    """Close connections, and wait until their sockets are closed."""
    for connection in connections:
        connection.abort()
    if connections:
        await asyncio.sleep(0)


def _origin(request: httpx2.Request) -> Origin:
    try:
        return origin_of(request.url)
    except ValueError as error:
        raise httpx2.UnsupportedProtocol(str(error)) from None


def _response(head: Head, body: Any) -> httpx2.Response:
    extensions = {"http_version": head.version, "reason_phrase": head.reason, BODY: body}
    headers = list(head.headers)
    return httpx2.Response(head.status, headers=headers, stream=body, extensions=extensions)
