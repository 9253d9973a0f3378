"""What an HTTP error says: the provider's own words, never a key."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from ._errors import ChatAdaptersError, MalformedStreamError
from ._json import nested_deeper
from ._redact import masked

if TYPE_CHECKING:
    from collections.abc import Generator

    import httpx2

    from ._post import Post

_MOST_HOPS = 5
_MOST_ERROR_BYTES = 64 * 1024
_MOST_MESSAGE_CHARS = 500
_SAID = ("error", "message", "detail", "msg")
_REDIRECTS = frozenset({301, 302, 307, 308})


class HTTPStatusError(ChatAdaptersError):
    """A provider answered with an HTTP error, or with a redirect that is not followed.

    Attributes:
        status_code: The HTTP status.
        headers: The response's headers, names in lower case.
        body: What the provider said: parsed JSON, or text.

    Example:
        >>> from chatadapters import Retry, text_generation_predict
        >>> from chatadapters.testing.faults import FaultServer
        >>> with FaultServer() as server:
        ...     url = server.url("s404", "tgi")
        ...     predict = text_generation_predict(url)
        ...     try:
        ...         predict.complete("Hi")
        ...     except HTTPStatusError as error:
        ...         print(error.status_code)
        404
    """

    def __init__(self, message: str, status_code: int, headers: dict[str, str], body: Any) -> None:
        super().__init__(message, status_code, headers, body)
        self.message = message
        self.status_code = status_code
        self.headers = headers
        self.body = body

    def __str__(self) -> str:
        return self.message


@contextmanager
def clear_errors(post: Post) -> Generator[None, None, None]:
    """Say of the HTTP library's errors what they leave out."""
    try:
        yield
    except Exception as error:  # which of them is the HTTP library's is known once it is loaded
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


class ErrorBody:
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


def redirected(response: httpx2.Response, post: Post, said: ErrorBody, hop: int) -> Post:
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
    response: httpx2.Response, post: Post, said: ErrorBody, reason: str = ""
) -> HTTPStatusError:
    secrets = post.secrets()
    text = masked(said.text(), secrets)
    body = _parsed(text)
    reason = reason or _words(body, text) or response.reason_phrase
    where = response.url.copy_with(userinfo=b"", query=None)
    message = masked(f"HTTP {response.status_code} from {where}: {reason}", secrets)
    headers = {name: masked(value, secrets) for name, value in response.headers.items()}
    return HTTPStatusError(message, response.status_code, headers, body)


def _parsed(text: str) -> Any:
    try:
        return text if nested_deeper(text) else json.loads(text)
    except ValueError:
        return text


def _words(body: Any, text: str) -> str:
    """Find the provider's own words in the forms that servers use; a page of HTML has none."""
    found = body
    while isinstance(found, (dict, list)) and found:
        found = found[0] if isinstance(found, list) else _said_in(found)
    words = found if isinstance(found, str) else text if body else ""
    return "" if words.lstrip().startswith("<") else words.strip()[:_MOST_MESSAGE_CHARS]


def _said_in(error: dict[str, Any]) -> Any:
    return next((error[name] for name in _SAID if error.get(name)), None)
