"""What carries the openai SDK's requests: HTTP clients that are kept and can be hung up."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from .._abort import watch_request
from .._errors import MissingDependencyError
from .._http_clients import no_cookies, tls_settings
from .._registry import missing
from ._openai_heads import Heads
from ._openai_hooks import answered, async_answered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from .._policies import Timeout

_MOST_REDIRECTS = 5
_SLACK = 5.0
#: What the SDK's clients read of the environment when they are made.
_READ = (
    "OPENAI_ADMIN_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_CUSTOM_HEADERS",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    "OPENAI_WEBHOOK_SECRET",
)
_MOST_MADE = 16


def openai_sdk() -> ModuleType:
    """Import the openai SDK.

    Raises:
        MissingDependencyError: It is not installed, or what it needs is not.
    """
    try:
        import openai
    except ModuleNotFoundError as error:
        raise lacking(error) from error
    return openai


def lacking(error: ModuleNotFoundError) -> MissingDependencyError:
    """Give the error for what cannot be imported: the SDK, what it needs, or a part of one."""
    package, inside, _ = (error.name or "openai").partition(".")
    if not inside:
        return missing(package, "openai")
    mend = f"pip install --force-reinstall {package}"
    told = f"{package} is broken, it has no {error.name}: {mend}"
    return MissingDependencyError(told, name=package)


async def load_sdk() -> None:
    """Import all that a request needs of the SDK in a thread, where others need not wait.

    Raises:
        MissingDependencyError: It is not installed, or what it needs is not.
    """
    if not _load.cache_info().currsize:
        from asyncio import to_thread

        await to_thread(_load)


@cache
def _load() -> tuple[object, ...]:
    openai_sdk()
    try:  # the SDK imports these when they are used
        from openai.resources.chat import AsyncChat
        from openai.resources.responses import AsyncResponses
    except ModuleNotFoundError as error:
        raise lacking(error) from error

    return AsyncChat, AsyncResponses, _transports()


def sdk_timeout(timeout: Timeout) -> Any:
    """Give the SDK's timeouts.

    Silence ends the request only a while after our own clocks for content would have, which
    are kept elsewhere.
    """
    silence = None
    if timeout.first is not None and timeout.idle is not None:
        silence = max(timeout.first, timeout.idle) + _SLACK
    return openai_sdk().Timeout(silence, connect=timeout.connect)


class Kept:
    """An HTTP client, and the SDK's clients that were made on it.

    Making one of the SDK's takes as long as sending a request with it.

    Args:
        http: The HTTP client.
        make: The SDK's class.
    """

    def __init__(self, http: Any, make: Callable[..., Any]) -> None:
        self._http, self._make = http, make
        self._made: dict[object, tuple[Any, Heads]] = {}

    def sdk(self, settings: Mapping[str, Any]) -> tuple[Any, Heads]:
        """Give a client of these settings, as the SDK makes it in the environment of now."""
        key = (*sorted(settings.items()), *map(os.environ.get, _READ))
        made = self._made.get(key)
        if made is None:
            made = self._make(**settings, http_client=self._http), Heads(self._http)
            if len(self._made) >= _MOST_MADE:
                self._made.clear()
            self._made[key] = made
        return made

    def close(self) -> Any:
        """Close the HTTP client; the async one gives what is to be awaited."""
        return self._http.close() if hasattr(self._http, "close") else self._http.aclose()


class Lent:
    """A client of the SDK's that a caller made; it has to make every request itself.

    Args:
        client: The client.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def sdk(self, settings: Mapping[str, Any]) -> tuple[Any, None]:
        """Give it with these settings."""
        return self._client.with_options(**settings), None


def sync_client(_key: object = None) -> Kept:
    """Make an HTTP client for sync requests."""
    sdk = openai_sdk()
    hooks: dict[str, list[Any]] = {"request": [], "response": [answered]}
    if _has_httpx2():
        transport = {"transport": _transports().Transport(tls_settings)}
    else:
        transport, hooks["request"] = _unkept(), [watch_request]
    http = sdk.DefaultHttpxClient(event_hooks=hooks, **transport, **_settings())
    return Kept(http, sdk.OpenAI)


def async_client(_key: object = None) -> Kept:
    """Make an HTTP client for async requests."""
    sdk = openai_sdk()
    hooks = {"response": [async_answered]}
    transport = {"transport": _transports().AsyncTransport(tls_settings)} if _has_httpx2() else {}
    http = sdk.DefaultAsyncHttpxClient(event_hooks=hooks, **transport, **_settings())
    return Kept(http, sdk.AsyncOpenAI)


def keeps_deadlines() -> bool:
    """Say whether the SDK is there and takes the transports that do."""
    try:
        return _has_httpx2()
    except ImportError:  # said where it is needed
        return False


def _has_httpx2() -> bool:
    """Say whether the SDK is built on httpx2, as it is from version 3 on."""
    kinds = openai_sdk().DefaultHttpxClient.__mro__
    return any(kind.__module__.partition(".")[0] == "httpx2" for kind in kinds)


def _transports() -> ModuleType:
    from .. import _transport

    return _transport


def _unkept() -> dict[str, Any]:
    """Keep no connection: only a fresh one shows its socket before the answer comes."""
    from httpx import Limits

    return {"limits": Limits(max_connections=None, max_keepalive_connections=0)}


def _settings() -> dict[str, Any]:
    return {
        "max_redirects": _MOST_REDIRECTS,
        "headers": {"accept-encoding": "identity"},  # compressing a stream delays it
        "cookies": no_cookies(),
    }
