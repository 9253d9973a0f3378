"""The transport of the wires we speak ourselves: one POST, and the bytes of its answer."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, Self

from ._abort import AbortableStream, Hangup
from ._clients import Clients
from ._errors import ChatAdaptersError, MalformedStreamError
from ._redact import masked
from ._registry import missing

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    import httpx2

    from ._policies import Timeout

_SLACK = 5.0  # content is timed by the caller; the socket's own clock only ends a lost read
_MOST_HOPS = 5
_MOST_ERROR_BYTES = 64 * 1024
_MOST_MESSAGE_CHARS = 500
_SHORTEST_KEY = 6
_REDIRECTS = frozenset({301, 302, 307, 308})
_FIRST_NO_ANSWER = 300


class HTTPStatusError(ChatAdaptersError):
    """A provider answered with an HTTP error, or with a redirect that is not followed.

    Attributes:
        status_code: The HTTP status.
        headers: The response's headers, names in lower case.
        body: What the provider said: parsed JSON, or text.
    """

    def __init__(self, message: str, status_code: int, headers: dict[str, str], body: Any) -> None:
        super().__init__(message, status_code, headers, body)
        self.message = message
        self.status_code = status_code
        self.headers = headers
        self.body = body

    def __str__(self) -> str:
        return self.message


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
    with loan as client, _clear_errors(post):
        for hop in count():
            with client.stream(**post.arguments(timeout, hangup.trace)) as response:
                hangup.answered(response)
                if response.status_code < _FIRST_NO_ANSWER:
                    yield from response.iter_bytes()
                    return
                said = _Said().read(response)
                post = _redirect(response, post, said, hop)


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
        with _clear_errors(post):
            for hop in count():
                async with client.stream(**post.arguments(timeout)) as response:
                    if response.status_code < _FIRST_NO_ANSWER:
                        async for block in response.aiter_bytes():
                            yield block
                        return
                    said = await _Said().aread(response)
                    post = _redirect(response, post, said, hop)


@contextmanager
def _clear_errors(post: Post) -> Generator[None, None, None]:
    """Say of the HTTP library's errors what they leave out."""
    try:
        yield
    except Exception as error:
        from httpx2 import URL, DecodingError, ReadError, TransportError

        where = URL(post.url).copy_with(userinfo=b"", query=None)
        if isinstance(error, DecodingError):
            message = f"{where} sent a body that is not compressed as its headers say ({error})"
            raise MalformedStreamError(message) from error
        if isinstance(error, OSError):  # TLS in async
            raise ReadError(f"the connection to {where} broke ({error})") from error
        if isinstance(error, TransportError) and not str(error):
            error.args = (f"{type(error).__name__} while talking to {where}",)
        raise


class _Said:
    """The beginning of an error's body; a server may echo keys in it, so its repr shows nothing."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def read(self, response: httpx2.Response) -> Self:
        for block in response.iter_bytes():
            if self._enough(block):
                break
        return self

    async def aread(self, response: httpx2.Response) -> Self:
        async for block in response.aiter_bytes():
            if self._enough(block):
                break
        return self

    def _enough(self, block: bytes) -> bool:
        self._bytes += block[: _MOST_ERROR_BYTES - len(self._bytes)]
        return len(self._bytes) == _MOST_ERROR_BYTES

    def text(self) -> str:
        return self._bytes.decode(errors="replace")


def _redirect(response: httpx2.Response, post: Post, said: _Said, hop: int) -> Post:
    """Give the request to the place on the same origin that a redirect names, else raise."""
    target = _target(response)
    if target is None:
        raise _status_error(response, post, said)
    if _origin(target) != _origin(response.url):
        elsewhere = f"{target.scheme}://{target.netloc.decode('ascii')}"
        why = f"it redirects to {elsewhere}, which does not get the conversation; "
        raise _status_error(response, post, said, why + "if that is right, use its address")
    if hop == _MOST_HOPS:
        raise _status_error(response, post, said, f"more than {_MOST_HOPS} redirects")
    return replace(post, url=str(target))


def _target(response: httpx2.Response) -> httpx2.URL | None:
    from httpx2 import InvalidURL

    location = response.headers.get("location")
    if response.status_code not in _REDIRECTS or not location:
        return None
    try:
        return response.url.join(location)
    except InvalidURL:
        return None


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _status_error(
    response: httpx2.Response, post: Post, said: _Said, reason: str = ""
) -> HTTPStatusError:
    secrets = post.secrets()
    body = _parsed(masked(said.text(), secrets))
    reason = reason or _message(body) or response.reason_phrase
    where = response.url.copy_with(userinfo=b"", query=None)
    message = masked(f"HTTP {response.status_code} from {where}: {reason}", secrets)
    headers = {name: masked(value, secrets) for name, value in response.headers.items()}
    return HTTPStatusError(message, response.status_code, headers, body)


def _parsed(said: str) -> Any:
    try:
        return json.loads(said)
    except ValueError:
        return said


def _message(body: Any) -> str:
    """Find the provider's own words in the forms that servers use; a page of HTML has none."""
    if isinstance(body, str):
        return "" if body.lstrip().startswith("<") else body.strip()[:_MOST_MESSAGE_CHARS]
    if isinstance(body, dict):
        for name in ("error", "message", "detail", "msg"):
            if body.get(name):
                return _message(body[name])
    if isinstance(body, list) and body:
        return _message(body[0])
    return "" if not body else json.dumps(body)[:_MOST_MESSAGE_CHARS]


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
