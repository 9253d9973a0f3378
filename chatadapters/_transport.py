"""Transports for httpx2's clients whose streams cost little: connections of our own, kept open.

httpx2 and httpcore2 make the requests, speak TLS, go through proxies and read the heads; only the
bodies of streams are read here. A connection is used again once its body was read to the end.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpcore2
import httpx2

from ._abort import this_request
from ._body import AsyncBody, Body, as_httpx
from ._connections import Connections
from ._http import BODY
from ._network import Network
from ._network_async import AsyncNetwork
from ._reuse import Gone

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable


class Transport(httpx2.BaseTransport):
    """Sends requests, blocking.

    Args:
        context: Gives the TLS settings when they are first needed.
        direct: Whether to go through no proxy and to keep no connection.
    """

    def __init__(self, context: Callable[[], ssl.SSLContext], *, direct: bool = False) -> None:
        self._connections = Connections(httpcore2.ConnectionPool, Network(), context, direct=direct)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        sent = _for_httpcore(request)
        with as_httpx():
            connection, response = self._send(sent)
        body = Body(response, sent, lambda: self._give_back(connection))
        return _for_httpx(response, body)

    def _send(self, request: httpcore2.Request) -> tuple[Any, httpcore2.Response]:
        connection = self._connections.take(request.url.origin)
        if connection is not None:
            try:
                return connection, connection.handle_request(request)
            except Gone:
                connection.close()
                if (hangup := this_request()) and hangup.aborted:
                    raise
        connection = self._connections.make(request.url.origin)
        try:
            return connection, connection.handle_request(request)
        except BaseException:
            connection.close()
            raise

    def _give_back(self, connection: Any) -> None:
        for unused in self._connections.give_back(connection):
            unused.close()

    def close(self) -> None:
        for connection in self._connections.give_up():
            connection.close()


class AsyncTransport(httpx2.AsyncBaseTransport):
    """Sends requests in asyncio; the twin of `Transport`."""

    def __init__(self, context: Callable[[], ssl.SSLContext], *, direct: bool = False) -> None:
        self._connections = Connections(
            httpcore2.AsyncConnectionPool, AsyncNetwork(), context, direct=direct
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        sent = _for_httpcore(request)
        with as_httpx():
            connection, response = await self._send(sent)
        body = AsyncBody(response, sent, lambda: self._give_back(connection))
        return _for_httpx(response, body)

    async def _send(self, request: httpcore2.Request) -> tuple[Any, httpcore2.Response]:
        connection = self._connections.take(request.url.origin)
        if connection is not None:
            try:
                return connection, await connection.handle_async_request(request)
            except Gone:
                await connection.aclose()
        connection = self._connections.make(request.url.origin)
        try:
            return connection, await connection.handle_async_request(request)
        except BaseException:
            await connection.aclose()
            raise

    async def _give_back(self, connection: Any) -> None:
        unused = self._connections.give_back(connection)
        if unused:  # each begins to close, though the task be cancelled meanwhile
            await asyncio.gather(*(each.aclose() for each in unused))

    async def aclose(self) -> None:
        for connection in self._connections.give_up():
            await connection.aclose()


def _for_httpcore(request: httpx2.Request) -> httpcore2.Request:
    url = request.url
    return httpcore2.Request(
        method=request.method,
        url=httpcore2.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        ),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


def _for_httpx(response: httpcore2.Response, body: Any) -> httpx2.Response:
    extensions = {**response.extensions, BODY: body}
    return httpx2.Response(
        response.status, headers=response.headers, stream=body, extensions=extensions
    )
