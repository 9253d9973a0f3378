"""What the openai SDK says of an answer that breaks, or that is none of the API."""

from __future__ import annotations

import sys
from typing import Any

from ._openai_clients import openai_sdk

_SHOWN = 200  # characters of an answer that is no error of the API
_NOT_THERE = (404, 405)
#: What may break an answer, in whichever HTTP library the SDK is built on and below it.
_BROKEN = (
    ("httpx2", "RequestError"),
    ("httpx", "RequestError"),
    ("anyio", "EndOfStream"),
    ("ssl", "SSLError"),
)
_LATE = (("httpx2", "TimeoutException"), ("httpx", "TimeoutException"))


def broken() -> tuple[type[Exception], ...]:
    """Give the errors of a connection that breaks, or cannot be made."""
    return _loaded(_BROKEN)


def sdk_error(error: Exception, request: Any) -> Any:
    """Give what the SDK raises of such an error before the answer, for one that broke an answer.

    Args:
        error: One of `broken()`.
        request: The request that was answered.
    """
    sdk = openai_sdk()
    if isinstance(error, _loaded(_LATE)):
        return sdk.APITimeoutError(request=request)
    said = f"{type(error).__name__}: {error}".removesuffix(": ")
    return sdk.APIConnectionError(message=f"the connection broke ({said})", request=request)


def say_what_came(error: Any, base_url: str | None) -> None:
    """Let an error say what the server answered, also one that is not of the API.

    Args:
        error: An `openai.APIStatusError`.
        base_url: The base URL that was chosen, None for OpenAI's own.
    """
    text = str(error)
    if text != f"Error code: {error.status_code}":
        return  # the message of the API
    if error.body:
        text += f" - {' '.join(str(error.body).split())[:_SHOWN]}"
    if base_url and error.status_code in _NOT_THERE:
        text += "; is base_url right? It mostly ends in /v1"
    error.args, error.message = (text, *error.args[1:]), text


def _loaded(names: tuple[tuple[str, str], ...]) -> tuple[type[Exception], ...]:
    found = (getattr(sys.modules.get(module), name, None) for module, name in names)
    return tuple(kind for kind in found if kind is not None)
