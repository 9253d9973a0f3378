"""The transport of the wires we speak ourselves: one POST, and the bytes of its answer."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import cache, partial
from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING, Any

from ._abort import AbortableStream, Hangup
from ._clients import Clients
from ._http_errors import ErrorBody, HTTPStatusError, clear_errors, redirected
from ._registry import missing

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    import httpx2

    from ._policies import Timeout

__all__ = ["HTTPStatusError", "Post", "apost_stream", "http_clients", "post_blocks", "post_stream"]

_SLACK = 5.0  # content is timed by the caller; the socket's own clock only ends a lost read
#: The response extension with a body that gives unpacked blocks and keeps deadlines.
BODY = "chatadapters.body"
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
        loopback: For a server of our own on this machine: no proxy is looked up, and no connection
            kept, because it waits for them when it stops.
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
                    yield from body_of(response)
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
                        async for block in abody_of(response):
                            yield block
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


def _socket_timeout(timeout: Timeout) -> httpx2.Timeout:
    from httpx2 import Timeout as SocketTimeout

    unbound = timeout.first is None or timeout.idle is None
    longest = None if unbound else max(timeout.first or 0, timeout.idle or 0) + _SLACK
    return SocketTimeout(longest, connect=timeout.connect, pool=None)


def _client(_key: object, *, loopback: bool) -> httpx2.Client:
    _check_installed()
    from httpx2 import Client

    from ._transport import Transport

    return Client(transport=Transport(tls_settings, direct=loopback), **_settings(loopback))


def _async_client(_key: object, *, loopback: bool) -> httpx2.AsyncClient:
    _check_installed()
    from httpx2 import AsyncClient

    from ._transport import AsyncTransport

    transport = AsyncTransport(tls_settings, direct=loopback)
    return AsyncClient(transport=transport, **_settings(loopback))


def _check_installed() -> None:
    try:
        import_module("httpx2")
    except ImportError:
        raise missing("httpx2", "http") from None


def _settings(loopback: bool) -> dict[str, Any]:
    """Give what our clients have in common: they keep no cookie."""
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return {"cookies": cookies, "trust_env": not loopback}


def tls_settings() -> ssl.SSLContext:
    """Give httpx's TLS settings, made once, for they take 17 ms."""
    return _tls_settings(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _tls_settings(*_environment: str | None) -> ssl.SSLContext:
    from httpx2 import create_ssl_context

    return create_ssl_context()
