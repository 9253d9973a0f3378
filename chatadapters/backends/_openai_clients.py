"""What carries the openai SDK's requests: HTTP clients that are kept and can be hung up."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from .._abort import Hangup, watch_request
from .._registry import missing
from ._openai_hooks import answered, async_answered

if TYPE_CHECKING:
    import ssl
    from collections.abc import Generator
    from types import ModuleType

    from .._policies import Timeout

_MOST_IDLE = 16
_MOST_REDIRECTS = 5
_SLACK = 5.0
#: What may break an answer, in whichever HTTP library the SDK is built on and below it.
_BROKEN = (
    ("httpx2", "RequestError"),
    ("httpx", "RequestError"),
    ("anyio", "EndOfStream"),
    ("ssl", "SSLError"),
)
_LATE = (("httpx2", "TimeoutException"), ("httpx", "TimeoutException"))


def openai_sdk() -> ModuleType:
    """Import the openai SDK.

    Raises:
        MissingDependencyError: It is not installed.
    """
    try:
        import openai
    except ModuleNotFoundError as error:
        if error.name != "openai":
            raise
        raise missing("openai", "openai") from None
    return openai


async def load_sdk() -> None:
    """Import all that a request needs of the SDK in a thread, where others need not wait.

    Raises:
        MissingDependencyError: It is not installed.
    """
    if not _load.cache_info().currsize:
        from asyncio import to_thread

        await to_thread(_load)


@cache
def _load() -> tuple[object, ...]:
    openai_sdk()
    from openai.resources.chat import AsyncChat  # the SDK imports these when they are used
    from openai.resources.responses import AsyncResponses

    return AsyncChat, AsyncResponses, _ssl_context()


def sdk_timeout(timeout: Timeout) -> Any:
    """Give the SDK's timeouts.

    Silence ends the request only a while after our own clocks for content would have, which
    are kept elsewhere.
    """
    silence = None
    if timeout.first is not None and timeout.idle is not None:
        silence = max(timeout.first, timeout.idle) + _SLACK
    return openai_sdk().Timeout(silence, connect=timeout.connect)


@contextmanager
def as_sdk_errors(response: Any) -> Generator[None, None, None]:
    """Raise what breaks an answer while it is read as what the SDK raises before the answer.

    Args:
        response: The SDK's response that is read inside.
    """
    try:
        yield
    except _loaded(_BROKEN) as error:
        said = f"{type(error).__name__}: {error}".removesuffix(": ")
        request = response.http_response.request
        sdk = openai_sdk()
        if isinstance(error, _loaded(_LATE)):
            raise sdk.APITimeoutError(request=request) from error
        raise sdk.APIConnectionError(
            message=f"the connection broke ({said})", request=request
        ) from error


def _loaded(names: tuple[tuple[str, str], ...]) -> tuple[type[Exception], ...]:
    found = (getattr(sys.modules.get(module), name, None) for module, name in names)
    return tuple(kind for kind in found if kind is not None)


class Lines:
    """HTTP clients for sync requests, each for one request at a time.

    So each has one connection at most, and its socket is known before the server answers, which
    nothing public tells about a connection that is taken from a larger pool. Without it a
    request that still waits for its answer could not be hung up.
    """

    def __init__(self, _key: object = None) -> None:
        self._idle: list[_Line] = []

    @contextmanager
    def line(self, hangup: Hangup) -> Generator[Any, None, None]:
        """Lend an HTTP client whose socket the hangup knows."""
        try:
            line = self._idle.pop()
        except IndexError:
            line = _Line()
        try:
            hangup.answered(line)
            yield line.client
        finally:
            hangup.ended()
            if len(self._idle) < _MOST_IDLE:
                self._idle.append(line)
            else:
                line.client.close()

    def close(self) -> None:
        """Close the clients that are not lent."""
        while self._idle:
            self._idle.pop().client.close()


class _Line:
    """One HTTP client, and what its last response said of the connection it keeps."""

    def __init__(self) -> None:
        hooks = {"request": [watch_request], "response": [self._answered]}
        self.extensions: dict[str, Any] = {}
        self.client: Any = openai_sdk().DefaultHttpxClient(event_hooks=hooks, **_settings())

    def _answered(self, response: Any) -> None:
        self.extensions = response.extensions
        answered(response)


def async_client(_key: object = None) -> Any:
    """Make an HTTP client for async requests."""
    hooks = {"response": [async_answered]}
    return openai_sdk().DefaultAsyncHttpxClient(event_hooks=hooks, **_settings())


def _settings() -> dict[str, Any]:
    return {
        "verify": _ssl_context(),
        "max_redirects": _MOST_REDIRECTS,
        "headers": {"accept-encoding": "identity"},  # compressing a stream delays it
    }


@cache
def _ssl_context() -> ssl.SSLContext:
    """Make the SDK's own TLS settings once: it takes 17 ms."""
    try:
        from httpx2 import create_ssl_context
    except ImportError:  # openai 2 is built on httpx
        from httpx import create_ssl_context
    return create_ssl_context()
