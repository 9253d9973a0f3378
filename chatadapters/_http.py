"""The transport of the wires we speak ourselves: one POST, and the bytes of its answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from ._abort import AbortableStream, Hangup
from ._clients import Clients
from ._http_errors import ErrorBody, HTTPStatusError, clear_errors, redirected
from ._registry import missing

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    import httpx2

    from ._policies import Timeout

__all__ = ["HTTPStatusError", "Post", "apost_stream", "http_clients", "post_blocks", "post_stream"]

_SLACK = 5.0  # content is timed by the caller; the socket's own clock only ends a lost read
_SHORTEST_KEY = 6
_FIRST_NO_ANSWER = 300


@dataclass(frozen=True, slots=True, repr=False)
class Post:
    """One request; its repr shows nothing, because keys are in it.

    Attributes:
        url: Where it goes.
        body: What it says, sent as JSON.
        headers: Its own headers.
    """

    url: str
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def arguments(self, timeout: Timeout, trace: Any = None) -> dict[str, Any]:
        """Give what an httpx client's `stream` takes."""
        return {
            "method": "POST",
            "url": self.url,
            "content": json.dumps(self.body, allow_nan=False).encode(),
            "headers": {
                "accept": "text/event-stream, application/json",
                "accept-encoding": "identity",  # compressing a stream delays it
                "content-type": "application/json",
                **self.headers,
            },
            "timeout": _socket_timeout(timeout),
            "extensions": {"trace": trace} if trace else {},
        }

    def secrets(self) -> list[str]:
        """Give the keys among the headers, and the password in the URL."""
        from urllib.parse import urlsplit

        values = [
            value.rpartition(" ")[2]
            for name, value in self.headers.items()
            if any(hint in name.lower() for hint in ("auth", "key", "token", "secret"))
        ]
        values.append(urlsplit(self.url).password or "")
        return [value for value in values if len(value) >= _SHORTEST_KEY]


def http_clients(*, loopback: bool = False) -> Clients[httpx2.Client, httpx2.AsyncClient]:
    """Make the pool of clients for `post_stream` and `apost_stream`.

    Args:
        loopback: For a server of our own on this machine: no proxy and no TLS, so that neither
            is looked up.
    """
    return Clients(partial(_client, loopback=loopback), partial(_async_client, loopback=loopback))


def post_stream(
    loan: AbstractContextManager[httpx2.Client], post: Post, timeout: Timeout
) -> AbortableStream:
    """Send a request and yield the decoded body of its answer block by block.

    A redirect to the same origin is followed, the body sent again; another origin never gets
    the conversation.

    Args:
        loan: Gives the client, such as `clients.sync()`.
        post: The request.
        timeout: How long to wait for the connection. Silence ends the stream only a while
            after the caller's own clocks for content would have.

    Returns:
        An iterator of bytes whose `abort()` ends a blocked read from another thread. It
        raises `HTTPStatusError` when the answer is an error.
    """
    return AbortableStream(partial(post_blocks, loan, post, timeout))


def post_blocks(
    loan: AbstractContextManager[httpx2.Client], post: Post, timeout: Timeout, hangup: Hangup
) -> Generator[bytes, None, None]:
    """Do what `post_stream` does, inside an `AbortableStream` of the caller's own."""
    with loan as client, clear_errors(post):
        for hop in count():
            with client.stream(**post.arguments(timeout, hangup.trace)) as response:
                hangup.answered(response)
                if response.status_code < _FIRST_NO_ANSWER:
                    yield from response.iter_bytes()
                    return
                said = ErrorBody().read(response)
                post = redirected(response, post, said, hop)


async def apost_stream(
    loan: AbstractAsyncContextManager[httpx2.AsyncClient], post: Post, timeout: Timeout
) -> AsyncGenerator[bytes, None]:
    """Send a request and yield the decoded body of its answer; the async twin of `post_stream`.

    Args:
        loan: Gives the client, such as `clients.aio()`.
        post: The request.
        timeout: As for `post_stream`.

    Yields:
        The bytes as they come.

    Raises:
        HTTPStatusError: When the answer is an error.
    """
    async with loan as client:
        with clear_errors(post):
            for hop in count():
                async with client.stream(**post.arguments(timeout)) as response:
                    if response.status_code < _FIRST_NO_ANSWER:
                        async for block in response.aiter_bytes():
                            yield block
                        return
                    said = await ErrorBody().aread(response)
                    post = redirected(response, post, said, hop)


def _socket_timeout(timeout: Timeout) -> httpx2.Timeout:
    from httpx2 import Timeout as SocketTimeout

    unbound = timeout.first is None or timeout.idle is None
    longest = None if unbound else max(timeout.first or 0, timeout.idle or 0) + _SLACK
    return SocketTimeout(longest, connect=timeout.connect, pool=None)


def _client(_key: object, *, loopback: bool) -> httpx2.Client:
    settings = _settings(loopback)
    from httpx2 import Client

    return Client(**settings)


def _async_client(_key: object, *, loopback: bool) -> httpx2.AsyncClient:
    settings = _settings(loopback)
    from httpx2 import AsyncClient

    return AsyncClient(**settings)


def _settings(loopback: bool) -> dict[str, Any]:
    """Give what our clients have in common: they keep no connection and no cookie.

    Only a fresh connection shows its socket before the answer comes, so that a stop frees it;
    and an idle one that the server closes just then costs an attempt.
    """
    try:
        from httpx2 import Limits
    except ImportError:
        raise missing("httpx2", "http") from None
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    return {
        "cookies": CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        "limits": Limits(max_connections=None, max_keepalive_connections=0),
        "trust_env": not loopback,
        "verify": not loopback,
    }
