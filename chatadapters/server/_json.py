"""Reads the JSON of a request: strict about what it is, and made safe to pass on. Pure."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, NoReturn

from .._content import repaired
from .._json import nested_deeper, without_strings
from ._errors import RefusedError

_DEEPEST = 64  # arrays and objects in each other
#: The most values of a request. All other replies wait while it is read, and what is short to
#: send may be long to read. A conversation has three or four values for each message.
_MOST = 100_000


def read_json(body: bytes) -> Any:
    r"""Read the JSON of a request.

    Half a surrogate pair, as JavaScript leaves where it cuts an emoji, becomes U+FFFD.

    Args:
        body: The bytes of the request.

    Raises:
        RefusedError: It is not JSON (NaN and infinities are not), has too many values, or is
            nested too deeply.

    Example:
        >>> read_json(b'{"temperature": 0.5, "stop": "\\ud83d"}')
        {'temperature': 0.5, 'stop': '�'}
    """
    try:
        text = body.decode("utf-8-sig", "surrogatepass")
        _check_size(body)
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except ValueError as error:
        raise RefusedError(400, f"the body of the request is not JSON: {error}") from error
    return _safe(value)


def _check_size(body: bytes) -> None:
    if _values(body) > _MOST and _values(without_strings(body)) > _MOST:
        raise RefusedError(400, f"the request has more than {_MOST} values")
    if nested_deeper(body, _DEEPEST):
        raise RefusedError(400, f"the request is nested more than {_DEEPEST} deep")


def _values(body: bytes) -> int:
    return sum(map(body.count, (b",", b"[", b"{")))


def _safe(value: Any) -> Any:
    if isinstance(value, str):
        return repaired(value)
    if isinstance(value, dict):
        return {repaired(name): _safe(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_safe(item) for item in value]
    return value


def _finite(text: str) -> float:
    number = float(text)
    return number if isfinite(number) else _no_constant(text)


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")
