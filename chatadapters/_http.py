"""The transport of the wires we speak ourselves: one POST, and the bytes of its answer."""

from __future__ import annotations

from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING

from ._http_errors import ErrorBody, clear_errors, redirected

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    import httpx2

    from ._policies import Timeout
    from ._post import Post
    from ._pour import Put

#: The response extension with a body that gives unpacked blocks and keeps deadlines.
BODY = "chatadapters.body"
_FIRST_NO_ANSWER = 300


def post_blocks(
    loan: AbstractContextManager[httpx2.Client], post: Post, timeout: Timeout
) -> Generator[bytes, None, None]:
    """Send a request and yield the decoded body of its answer block by block.

    A redirect to the same origin is followed, the body sent again; another origin never gets
    the conversation.

    Args:
        loan: Gives the client, such as `clients.sync()`.
        post: The request.
        timeout: How long to wait for the connection. Silence ends the stream only a while
            after the caller's own clocks for content would have.

    Yields:
        The bytes as they come.

    Raises:
        HTTPStatusError: When the answer is an error.
    """
    with loan as client, clear_errors(post):
        for hop in count():
            with client.stream(**post.arguments(timeout)) as response:
                if response.status_code < _FIRST_NO_ANSWER:
                    yield from body_of(response)
                    return
                said = ErrorBody().read(response)
                post = redirected(response, post, said, hop)


@asynccontextmanager
async def apost(
    loan: AbstractAsyncContextManager[httpx2.AsyncClient], post: Post, timeout: Timeout
) -> AsyncGenerator[httpx2.Response, None]:
    """Send a request and give its answer; the async twin of `post_blocks`.

    Args:
        loan: Gives the client, such as `clients.aio()`.
        post: The request.
        timeout: As for `post_blocks`.

    Yields:
        The response, whose body is not read.

    Raises:
        HTTPStatusError: When the answer is an error.
    """
    async with loan as client:
        with clear_errors(post):
            for hop in count():
                async with client.stream(**post.arguments(timeout)) as response:
                    if response.status_code < _FIRST_NO_ANSWER:
                        yield response
                        return
                    said = await ErrorBody().aread(response)
                    post = redirected(response, post, said, hop)


def body_of(response: httpx2.Response) -> Iterator[bytes]:
    """Give a body block by block, at little cost where it came through a transport of ours."""
    body = response.extensions.get(BODY)
    return response.iter_bytes() if body is None else body.blocks()


def abody_of(response: httpx2.Response) -> AsyncIterator[bytes]:
    """Give a body block by block; the async twin of `body_of`."""
    body = response.extensions.get(BODY)
    return response.aiter_bytes() if body is None else body.blocks()


async def pour_body(response: httpx2.Response, put: Put) -> None:
    """Give a body to `put` block by block, as soon as it comes where the transport is ours."""
    body = response.extensions.get(BODY)
    if body is not None:
        await body.pour(put)
        return
    async for block in response.aiter_bytes():
        if room := put(block):
            await room
