"""Refuse operators and methods of a Jinja template whose result would be far too long."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ._budget import ExhaustedError, may_have, may_hold, paid, seen, text_size

if TYPE_CHECKING:
    from collections.abc import Mapping

# What no chat template needs, and makes something huge of something short.
REFUSED_METHODS = frozenset({"encode", "to_bytes", "translate"})
WIDTH_LIMIT = 1000
_BITS_LIMIT = 4096
_PADDING = {"ljust", "rjust", "center", "zfill", "expandtabs"}
_WIDE = re.compile(r"\d{4,}|%[^a-zA-Z%]*\*|:[^:}]*\{")


def check_binop(operator: str, left: Any, right: Any) -> None:
    """Refuse an operation whose result can be far longer than what it is given."""
    numbers = [v for v in (left, right) if isinstance(v, int)]
    if operator == "*" and numbers:
        for value in (left, right):
            if isinstance(value, str):
                may_have(len(value) * max(numbers))
            elif isinstance(value, (list, tuple)):
                may_hold(len(value) * max(numbers))
    if operator == "**" or any(n.bit_length() > _BITS_LIMIT for n in numbers):
        raise ExhaustedError("it calculates with larger numbers than is allowed")
    if operator == "%" and isinstance(left, str):
        _check_format(left, "%", text_size(right))


def add(left: Any, right: Any) -> Any:
    """Add two values, and pay for what comes of it."""
    check_binop("+", left, right)
    return paid(left + right)


def check_call(obj: Any, args: tuple[Any, ...], named: Mapping[str, Any]) -> tuple[Any, ...]:
    """Refuse a call whose result can be far longer than what it is given.

    Args:
        obj: The function or method.
        args: What it is called with.
        named: As well.

    Returns:
        What to call it with.

    Raises:
        ExhaustedError: It is too much.
    """
    for arg in args:
        if type(arg) in {list, tuple}:  # it may be looked for, or be a key
            seen(arg)
    name = getattr(obj, "__name__", "")
    text = getattr(getattr(obj, "__wrapped__", obj), "__self__", None)
    if not isinstance(text, str):
        return args
    if name in _PADDING:
        if any(isinstance(a, int) and a > WIDTH_LIMIT for a in (*args, *named.values())):
            raise ExhaustedError("it pads wider than is allowed")
        may_have(len(text) + text.count("\t") * WIDTH_LIMIT)
    if name in {"format", "format_map"}:
        _check_format(text, "{", text_size([*args, *named.values()]))
    if name == "replace":
        check_replace(text, *args)
    if name == "join" and args and not isinstance(args[0], str):
        parts = list(args[0])
        may_have(len(text) * len(parts) + sum(len(p) for p in parts if isinstance(p, str)))
        return parts, *args[1:]
    if name == "join" and args:
        may_have((len(text) + 1) * len(args[0]))
    return args


def check_replace(text: str, old: Any = "", new: Any = "", *_: Any) -> None:
    """Refuse to replace by too much."""
    if isinstance(old, str) and isinstance(new, str):
        may_have(len(text) + (text.count(old) if old else len(text) + 1) * len(new))


def _check_format(text: str, sign: str, given: int) -> None:
    if _WIDE.search(text):
        raise ExhaustedError("it formats wider than is allowed")
    may_have(len(text) + text.count(sign) * (WIDTH_LIMIT + given))
