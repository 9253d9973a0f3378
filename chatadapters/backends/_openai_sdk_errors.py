"""What the openai SDK says of an answer that breaks, or that is none of the API."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ._openai_clients import openai_sdk

if TYPE_CHECKING:
    from collections.abc import Generator

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


@contextmanager
def as_sdk_errors(response: Any) -> Generator[None, None, None]:
    """Raise what breaks an answer while it is read as what the SDK raises before the answer.

    Args:
        response: The response that is read inside.
    """
    try:
        yield
    except broken() as error:
        said = f"{type(error).__name__}: {error}".removesuffix(": ")
        request = response.request
        sdk = openai_sdk()
        if isinstance(error, _loaded(_LATE)):
            raise sdk.APITimeoutError(request=request) from error
        raise sdk.APIConnectionError(
            message=f"the connection broke ({said})", request=request
        ) from error


@contextmanager
def saying_what_came(base_url: str | None) -> Generator[None, None, None]:
    """Let an error of the SDK say what the server answered, also one that is not of the API.

    Args:
        base_url: The base URL that was chosen, None for OpenAI's own.
    """
    try:
        yield
    except openai_sdk().APIStatusError as error:
        text = str(error)
        if text != f"Error code: {error.status_code}":
            raise  # the message of the API
        if error.body:
            text += f" - {' '.join(str(error.body).split())[:_SHOWN]}"
        if base_url and error.status_code in _NOT_THERE:
            text += "; is base_url right? It mostly ends in /v1"
        error.args, error.message = (text, *error.args[1:]), text
        raise


def broken() -> tuple[type[Exception], ...]:
    """Give the errors of a connection that breaks, or cannot be made."""
    return _loaded(_BROKEN)


def _loaded(names: tuple[tuple[str, str], ...]) -> tuple[type[Exception], ...]:
    found = (getattr(sys.modules.get(module), name, None) for module, name in names)
    return tuple(kind for kind in found if kind is not None)
