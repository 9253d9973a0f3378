"""Whether what a caller gives can be what it is given for: numbers, headers, templates. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from types import NoneType
from typing import Any

from ._errors import OptionError, TemplateError

#: What is said of a value that `is_carried` is not said of.
NOT_CARRIED = (
    "has a line break or another character that no HTTP header can carry: give printable ASCII"
)
#: What is said of a value that `is_sendable` is not said of.
NOT_SENDABLE = (
    "give finite numbers, no NaN or infinity, and valid Unicode, no half of a surrogate pair"
)
_OF_THE_BODY = frozenset({"content-length", "transfer-encoding"})
_NUMBERS = frozenset(
    {
        *("max_tokens", "max_completion_tokens", "max_new_tokens", "max_output_tokens"),
        *("temperature", "top_p", "top_k", "min_p", "typical_p", "seed", "top_logprobs"),
        *("frequency_penalty", "presence_penalty", "repeat_penalty", "repetition_penalty"),
    }
)
_ESCAPES = ("escape", "strip", "error", "off")
#: What no stop sequence is.
NO_STOP = "that are not empty, in valid Unicode"
_SURROGATE = re.compile("[\ud800-\udfff]")
_LEAST, _MOST = -(2**63), 2**64 - 1
#: The name of a header is one, and the method of a request (RFC 9110, 5.6.2).
TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"


def is_above(bound: float, value: Any, *, or_equal: bool = False) -> bool:
    """Say whether a value is a number above a bound."""
    try:
        return not isinstance(value, bool) and bool(value >= bound if or_equal else value > bound)
    except TypeError:
        return False


def is_whole(least: int, value: Any) -> bool:
    """Say whether a value is a whole number and not below a bound."""
    return hasattr(value, "__index__") and is_above(least, value, or_equal=True)


def is_sendable(value: Any) -> bool:
    r"""Say whether a request can carry a value: no NaN, no infinity, no half of a surrogate pair.

    Example:
        >>> is_sendable({"bias": [0.5, 1]}), is_sendable({"bias": [float("nan")]})
        (True, False)
        >>> is_sendable("caf\u00e9"), is_sendable("caf\udce9")
        (True, False)
    """
    match value:
        case float():
            return isfinite(value)
        case str():
            return value.isascii() or not _SURROGATE.search(value)
        case dict():
            return all(map(is_sendable, (*value, *value.values())))
        case list() | tuple():
            return all(map(is_sendable, value))
    return True


def check_number(name: str, value: Any) -> None:
    """Check an option that is a number wherever it is known, whatever numbers its provider takes.

    Args:
        name: The option.
        value: What was given for it.

    Raises:
        OptionError: It is true or false, or has more than 64 bits: where such a number is not
            refused, it silently becomes another.

    Example:
        >>> check_number("max_tokens", -1)  # no limit, to some
    """
    if isinstance(value, bool) and name in _NUMBERS:
        raise OptionError(f"{name}={value!r}: give a number")
    if type(value) is int and not _LEAST <= value <= _MOST:
        raise OptionError(f"{name}={value!r:.200}: give a number of 64 bits at most")


def check_template(template: Any) -> None:
    """Check that a template is one, or a name, which is looked up when it is needed.

    Raises:
        OptionError: It is neither.
    """
    if not isinstance(template, str) and not hasattr(template, "render"):
        raise OptionError(
            f"template={template!r:.80}: give a DialogueTemplate, or the name of a family"
        )


def check_escape(escape: Any) -> None:
    """Check that there is such a policy for control tokens in texts.

    Raises:
        TemplateError: There is not.
    """
    if escape not in _ESCAPES:
        raise TemplateError(f"escape={escape!r}: give one of {', '.join(map(repr, _ESCAPES))}")


def check_headers(name: str, headers: Any) -> None:
    """Check that headers can be sent; their values, which may be keys, are not shown.

    Args:
        name: The name under which they were given.
        headers: Headers by name, or None.

    Raises:
        OptionError: They are no dict, a name is none, or a value has a line break or another
            character that HTTP cannot carry; or they say how long a body is.
    """
    if not isinstance(headers, (Mapping, NoneType)):
        raise OptionError(f"{name} is of type {type(headers).__name__}: give a dict")
    for header, value in (headers or {}).items():
        if isinstance(header, str) and header.lower() in _OF_THE_BODY:
            raise OptionError(f"{name}: {header!r} is written with each request, by its body")
        if not isinstance(header, str) or not re.fullmatch(TOKEN, header):
            raise OptionError(f"{name}: {header!r} is no name of a header, such as 'X-Trace'")
        kind = type(value)
        if kind is not str and kind.__module__ == "builtins":  # the openai SDK has its `Omit`
            raise OptionError(f"{name}[{header!r}] is of type {kind.__name__}: give a string")
        if isinstance(value, str) and not is_carried(value):
            raise OptionError(f"{name}[{header!r}] {NOT_CARRIED}")


def is_carried(value: str) -> bool:
    """Say whether an HTTP header can carry a value."""
    return value.isascii() and value.isprintable()
