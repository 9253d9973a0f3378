"""Who may ask, how much and how many at once, and who has gone away."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from .._errors import OptionError
from ._errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator, Sequence
    from urllib.parse import SplitResult

    from starlette.requests import Request
    from starlette.types import Receive

#: A body that takes longer is not read on.
BODY_SECONDS = 30


class Gate:
    """Lets so many requests in at once and refuses the others at once, so that none waits unseen.

    Args:
        most: How many.
    """

    def __init__(self, most: int) -> None:
        self._free = most

    @contextmanager
    def passing(self) -> Generator[None, None, None]:
        """Take a place for the duration of a request, from its body to the end of its reply.

        Raises:
            RefusedError: All places are taken.
        """
        if self._free <= 0:
            message = "too many replies at once; try again"
            raise RefusedError(503, message, "overloaded_error", headers=[("Retry-After", "1")])
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


class Rules(NamedTuple):
    """Who may ask, how many at once, and how much."""

    api_keys: tuple[str, ...]
    cors_origins: tuple[str, ...]
    gate: Gate
    max_body: int


def check_origins(origins: Sequence[str]) -> None:
    """Check that origins are written as browsers send them.

    Raises:
        OptionError: One is not, so that it would match no page.
    """
    for origin in origins:
        parts = urlsplit(str(origin))
        right = parts.netloc and origin == _origin(parts)
        if not right and origin not in ("*", "null"):
            raise OptionError(
                f"cors_origins: {origin!r} is no origin: give scheme and host, and the port if it "
                "is not the usual one, such as 'https://chat.example', or '*'"
            )


def _origin(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}".lower()


def check_caller(request: Request, keys: Sequence[str], origins: Sequence[str]) -> None:
    """Check the bearer key of a request, in the same time whatever it is.

    Without keys, web pages are refused: a browser sends what any page wants sent to a server on
    its own machine. Only those of the allowed origins may ask.

    Raises:
        RefusedError: Keys are asked for and this is none of them, or a page may not ask.
    """
    if keys:
        _check_key(request.headers.get("authorization", ""), keys)
        return
    origin = request.headers.get("origin")
    if origin is not None and not {origin, "*"} & {*origins}:
        message = f"pages of {origin!r} may not ask: allow the origin, or ask with an API key"
        raise RefusedError(403, message, "permission_error", "origin_not_allowed")


def _check_key(authorization: str, keys: Sequence[str]) -> None:
    scheme, _, given = authorization.partition(" ")
    sent = given.strip().encode("latin-1")  # as which the ASGI server read the bytes
    found = [compare_digest(sent, key.encode()) for key in keys]
    if not (scheme.lower() == "bearer" and any(found)):
        headers = [("WWW-Authenticate", "Bearer")]
        raise RefusedError(401, "give a valid API key", code="invalid_api_key", headers=headers)


async def read_body(request: Request, most: int) -> bytes:
    """Read the body of a request.

    Raises:
        RefusedError: It has more bytes than allowed, or does not come.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(request, most)
    except TimeoutError:
        message = f"the request did not come within {BODY_SECONDS} seconds"
        raise RefusedError(408, message, "invalid_request_error") from None


async def _read(request: Request, most: int) -> bytes:
    announced = request.headers.get("content-length", "")
    size = int(announced) if announced.isascii() and announced.isdigit() else 0
    pieces: list[bytes] = []
    if size <= most:
        size = 0
        async for piece in request.stream():
            size += len(piece)
            if size > most:
                break
            pieces.append(piece)
    if size > most:
        raise RefusedError(413, f"the request has more than {most} bytes", "request_too_large")
    return b"".join(pieces)


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, None]) -> None:
    """Run something for a client, and cancel it when the client goes away."""
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
    finally:
        task.cancel()
        gone.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
