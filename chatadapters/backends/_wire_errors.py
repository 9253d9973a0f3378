"""How OpenAI-compatible servers name a failure, in an open stream or in place of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._errors import MalformedStreamError, ProviderStreamError

_LONGEST = 1000
_STATUSES = range(400, 600)
#: Errors inside a stream that another attempt would meet again.
_LASTING = frozenset(
    {
        "authentication_error",
        "content_policy_violation",
        "context_length_exceeded",
        "invalid_api_key",
        "invalid_prompt",
        "invalid_request_error",
        "model_not_found",
        "not_found_error",
        "permission_error",
    }
)


def reported(value: object) -> ProviderStreamError:
    """Read the error that a server reports: an object, one with an `error` in it, or a text.

    Args:
        value: What the server sent.

    Returns:
        The error, with the status and the code that the server names.

    Example:
        >>> error = reported({"message": "overloaded", "type": "server_error", "code": 503})
        >>> error.status, error.code
        (503, 'server_error')
    """
    outer = value if isinstance(value, Mapping) else {"message": value}
    inner = outer.get("error")
    fields: Mapping[str, Any] = {**outer, **inner} if isinstance(inner, Mapping) else outer
    texts = [fields.get(key) for key in ("message", "error", "detail")]
    text = _short(next(filter(None, texts), value))
    statuses = [_status(fields.get(key)) for key in ("code", "status", "status_code")]
    names = [fields.get(key) for key in ("code", "type", "error_type", "status")]
    return ProviderStreamError(
        f"the provider reported an error inside the stream: {text}",
        status=next(filter(None, statuses), None),
        code=next((name for name in names if isinstance(name, str) and _is_code(name)), None),
    )


def error_in(event: Mapping[str, Any]) -> ProviderStreamError | None:
    """Find the error in an event without text, as some servers send it.

    Returns:
        The error, or None when the event is none.
    """
    named = event.get("error") or "error" in (event.get("object"), event.get("type"))
    unnamed = "detail" in event or {"message", "code"} <= event.keys()
    return reported(event) if named or unnamed else None


def is_lasting(error: BaseException) -> bool:
    """Say whether an error inside a stream says that the request itself is wrong."""
    return isinstance(error, ProviderStreamError) and error.code in _LASTING


def not_a_stream(body: bytes | bytearray) -> MalformedStreamError:
    """Say that something else came where an event stream was promised."""
    text = body[:_LONGEST].decode(errors="replace").lstrip("\ufeff \t\r\n")
    what = "an HTML page" if text.startswith("<") else "a body of another kind"
    return MalformedStreamError(
        f"{what} came where an event stream was promised; is the base URL right? "
        f"It begins with {text[:200]!r}"
    )


def _status(value: object) -> int | None:
    """Read an HTTP status, also from a string such as `"429"`."""
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    return value if isinstance(value, int) and value in _STATUSES else None


def _is_code(name: str) -> bool:
    return name not in ("", "error") and not _status(name)


def _short(message: object) -> str:
    text = message if isinstance(message, str) else repr(message)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
