"""Whether a failure may pass: from its type, its HTTP status and its code, never from its words."""

from __future__ import annotations

import sys

from ._errors import (
    ChatAdaptersError,
    HistoryError,
    InjectionError,
    StreamError,
    UnsupportedContentError,
)
from ._redact import chain
from ._server_wait import status_of

_RETRIED_STATUS = frozenset({408, 409, 425, 429})
# Bad request (a context that is too long among them), content too large, a kind of media that is
# not taken, content that cannot be processed.
_REFUSED_STATUS = frozenset({400, 413, 415, 422})
_QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "quota_exceeded"})
#: What HTTP libraries raise when a connection fails, looked up only where one is loaded.
_CONNECTION_ERRORS = (
    ("httpx2", "TransportError"),
    ("httpx", "TransportError"),
    ("openai", "APIConnectionError"),
    ("anthropic", "APIConnectionError"),
    ("aiohttp", "ClientConnectionError"),
    ("aiohttp", "ClientPayloadError"),
    ("requests", "ConnectionError"),
    ("requests", "Timeout"),
    ("requests.exceptions", "ChunkedEncodingError"),
    ("http.client", "HTTPException"),
)
#: Connection errors that the caller's own input causes.
_CALLER_ERRORS = (("httpx2", "UnsupportedProtocol"), ("httpx", "UnsupportedProtocol"))


def never_retried(error: BaseException) -> bool:
    """Say whether an error is final whatever a policy wants: a bad request, a spent quota."""
    if isinstance(error, StreamError) and error.final:
        return True
    status = status_of(error)
    if status is not None and 400 <= status < 500 and status not in _RETRIED_STATUS:  # noqa: PLR2004
        return True
    return is_spent(error)


def is_refused(error: BaseException) -> bool:
    """Say whether a message was refused as it is: as history it would be refused with the next."""
    about_it = isinstance(error, (HistoryError, InjectionError, UnsupportedContentError))
    return about_it or status_of(error) in _REFUSED_STATUS


def is_spent(error: BaseException) -> bool:
    """Say whether the provider names a quota that is used up."""
    return not _QUOTA_CODES.isdisjoint(_codes(error))


def is_transient(error: BaseException) -> bool:
    """Say from its type and HTTP status whether a failure may pass."""
    status = status_of(error)
    if status is not None:
        return status in _RETRIED_STATUS or status >= 500  # noqa: PLR2004
    if isinstance(error, ChatAdaptersError):
        return isinstance(error, StreamError)
    if any(_is_one_of(_CALLER_ERRORS, link) for link in chain(error)):
        return False
    is_system = isinstance(error, (ConnectionError, TimeoutError))
    return is_system or _is_one_of(_CONNECTION_ERRORS, error)


def _is_one_of(names: tuple[tuple[str, str], ...], error: BaseException) -> bool:
    loaded = ((sys.modules.get(module), name) for module, name in names)
    return any(isinstance(error, getattr(module, name, ())) for module, name in loaded if module)


def _codes(error: BaseException) -> set[str]:
    body = getattr(error, "body", None)
    body = body.get("error", body) if isinstance(body, dict) else None
    places = (error, body if isinstance(body, dict) else None)
    found = (
        place.get(name) if isinstance(place, dict) else getattr(place, name, None)
        for place in places
        for name in ("code", "type")
    )
    return {code for code in found if isinstance(code, str)}
