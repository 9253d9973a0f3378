"""What one client is sent: an object with a status, or a stream of events; an error as either."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from .._errors import ChatAdaptersError
from ._errors import as_refused

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from starlette.types import Send

#: A client that takes nothing for so long has lost its place.
TAKE_SECONDS = 60
#: Proxies cut connections that are silent for a minute.
PING_SECONDS = 15
_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_EVENTS = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache",
           "x-accel-buffering": "no"}  # fmt: skip


class GoneError(ChatAdaptersError):
    """The client does not read any more, so there is nobody to tell anything."""


class Out:
    """The response to one request.

    As long as nothing was sent, an error is a status; then only the stream can tell it.

    Args:
        send: The ASGI server's.
        said: The field of the request that has the conversation.
    """

    def __init__(self, send: Send, said: str) -> None:
        self._send, self._said = send, said
        self._started = self._over = False
        self._sent = 0

    async def whole(
        self, content: Any, status: int = 200, headers: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Send an object and end."""
        body = _encoded(content)
        length = ("content-length", str(len(body)))
        self._over = True
        await self._start(status, [("content-type", "application/json"), length, *headers])
        await self._send({"type": "http.response.body", "body": body})

    async def event(self, content: Any) -> None:
        """Send an event; it waits for a client that reads slowly.

        Raises:
            GoneError: The client does not read.
        """
        await self._piece(b"data: %b\n\n" % _encoded(content))

    async def done(self) -> None:
        """End the stream of events as OpenAI does."""
        await self._piece(b"data: [DONE]\n\n", last=True)

    async def fail(self, error: BaseException) -> None:
        """Tell an error in the way that is left, and end."""
        if self._over:
            return
        told = as_refused(error, self._said)
        if self._started:
            await self._piece(b"data: %b\n\n" % _encoded(told.answer()), last=True)
        else:
            await self.whole(told.answer(), told.status, told.headers)

    @asynccontextmanager
    async def kept_alive(self) -> AsyncGenerator[None, None]:
        """Send a comment whenever nothing else was sent for a while."""
        task = asyncio.ensure_future(self._ping())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _ping(self) -> None:
        while True:
            sent = self._sent
            await asyncio.sleep(PING_SECONDS)
            if sent == self._sent:
                await self._piece(b": still here\n\n")

    async def _piece(self, piece: bytes, *, last: bool = False) -> None:
        self._sent += 1
        self._over = last
        if not self._started:
            await self._start(200, _EVENTS.items())
        try:
            async with asyncio.timeout(TAKE_SECONDS):
                message = {"type": "http.response.body", "body": piece, "more_body": not last}
                await self._send(message)
        except TimeoutError:
            raise GoneError from None

    async def _start(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        self._started = True
        raw = [(name.lower().encode(), value.encode()) for name, value in headers]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})


def _encoded(content: Any) -> bytes:
    return _as_json(content).encode(errors="replace")  # a model may write half a surrogate pair
