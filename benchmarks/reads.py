"""A reply in asyncio on reads that bring a token each: from the connection to who asks for events.

There is no socket in it: what the event loop and the system do is not ours to count.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx2

from benchmarks.regime_server import TOKEN, wire_of
from chatadapters import make_predict
from chatadapters._body import AsyncBody
from chatadapters._connection import AsyncConnection
from chatadapters._heads import Head
from chatadapters._http import BODY
from chatadapters._network_async import AsyncNetworkStream
from chatadapters._pour import PouredStream
from chatadapters._proxies import Origin
from chatadapters._routes import Route
from chatadapters.backends.openai import OpenAIBackend

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from chatadapters import Timeout


class _Connected(OpenAIBackend):
    """A backend whose answer comes on a connection that is there."""

    answer: Callable[[], AbstractAsyncContextManager[Any]]

    def astream(self, payload: Mapping[str, Any], timeout: Timeout) -> PouredStream:  # noqa: ARG002
        return PouredStream(self.answer)


async def read(count: int) -> None:
    """Read so many tokens, each as soon as it is there."""
    stream = AsyncNetworkStream(asyncio.get_running_loop())
    stream.connection_made(asyncio.Transport())
    server = Origin(b"http", b"127.0.0.1", 80)
    connection = AsyncConnection(Route(server, server), ssl.create_default_context)
    connection.stream = stream
    head = Head(b"HTTP/1.1", 200, b"OK", [(b"transfer-encoding", b"chunked")])
    request = httpx2.Request("POST", "http://127.0.0.1/")
    body = AsyncBody(head, request, connection, lambda _: asyncio.sleep(0))

    @asynccontextmanager
    async def answer() -> AsyncGenerator[Any, None]:
        yield SimpleNamespace(extensions={BODY: body})

    token = wire_of("/chat/completions")[0](TOKEN)
    data = b"%x\r\n%b\r\n" % (len(token), token)
    backend = _Connected("m")
    object.__setattr__(backend, "answer", answer)  # it is frozen
    events = make_predict(backend).aio.events("Hi")
    for _ in range(count):
        stream.get_buffer(len(data))[: len(data)] = data
        stream.buffer_updated(len(data))
        await anext(events)
    await events.aclose()
