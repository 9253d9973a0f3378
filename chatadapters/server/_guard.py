"""Who may ask, how much and how many at once, and who has gone away."""

from __future__ import annotations

import json
from contextlib import contextmanager
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from .._errors import HistoryError
from ._errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Generator, Sequence

    from starlette.requests import Request


class Gate:
    """Lets so many replies run at once and refuses the others at once, so that none waits unseen.

    Args:
        most: How many.
    """

    def __init__(self, most: int) -> None:
        self._free = most

    @contextmanager
    def passing(self) -> Generator[None, None, None]:
        """Take a place for the duration of a reply.

        Raises:
            RefusedError: All places are taken.
        """
        if self._free <= 0:
            raise RefusedError(503, "too many replies at once; try again", "overloaded_error")
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


def check_key(authorization: str, keys: Sequence[str]) -> None:
    """Check the bearer key of a request, in the same time whatever it is.

    Raises:
        RefusedError: Keys are asked for and this is none of them.
    """
    scheme, _, given = authorization.partition(" ")
    found = [compare_digest(given.strip().encode(), key.encode()) for key in keys]
    if keys and not (scheme.lower() == "bearer" and any(found)):
        raise RefusedError(401, "give a valid API key", "authentication_error", "invalid_api_key")


async def read_body(request: Request, most: int) -> Any:
    """Read the JSON of a request.

    Raises:
        RefusedError: It has more bytes than allowed.
        HistoryError: It is not JSON.
    """
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            raise RefusedError(413, f"the request has more than {most} bytes", "request_too_large")
        pieces.append(piece)
    try:
        return json.loads(b"".join(pieces))
    except (ValueError, RecursionError) as error:
        raise HistoryError(f"the body of the request is not JSON: {error}") from error


async def unless_gone(request: Request, work: Awaitable[Any]) -> Any:
    """Run something for a client and cancel it when the client goes away.

    Raises:
        RefusedError: The client went away.
    """
    import asyncio

    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise RefusedError(499, "the client went away", "client_closed_request")
    finally:
        gone.cancel()
        task.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
