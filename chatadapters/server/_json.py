"""Reads the JSON of a request: strict about what it is, and made safe to pass on. Pure."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, NoReturn

from .._errors import HistoryError, OptionError

_DEEPEST = 64


def read_json(body: bytes) -> Any:
    r"""Read the JSON of a request.

    Half a surrogate pair, as JavaScript leaves where it cuts an emoji, becomes U+FFFD.

    Args:
        body: The bytes of the request.

    Raises:
        HistoryError: It is not JSON; NaN and infinities are not.
        OptionError: It is nested too deeply.

    Example:
        >>> read_json(b'{"temperature": 0.5, "stop": "\\ud83d"}')
        {'temperature': 0.5, 'stop': '�'}
    """
    try:
        value = json.loads(body, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise HistoryError(f"the body of the request is not JSON: {error}") from error
    return _safe(value, _DEEPEST)


def _safe(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _text(value)
    if not depth:
        raise OptionError(f"the request is nested more than {_DEEPEST} deep")
    if isinstance(value, dict):
        return {_text(name): _safe(item, depth - 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_safe(item, depth - 1) for item in value]
    return value


def _text(text: str) -> str:
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _finite(text: str) -> float:
    number = float(text)
    return number if isfinite(number) else _no_constant(text)


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")
