"""What a Jinja template may spend: steps, text and width; paid before or when something is made."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from jinja2 import TemplateError as JinjaError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

T = TypeVar("T")
SOURCE_LIMIT = 2**20
TEXT_LIMIT = 2**25
STEP_LIMIT = 300_000
WORK_LIMIT = 2**29
_WIDTH_LIMIT = 1000
_BITS_LIMIT = 4096
_PADDING = {"ljust", "rjust", "center", "zfill", "expandtabs"}
_WIDE = re.compile(r"\d{4,}|%[^a-zA-Z%]*\*|:[^}]*\{")


class ExhaustedError(JinjaError):
    """The template does more than a chat template needs."""


class Budget:
    def __init__(self) -> None:
        self.steps = STEP_LIMIT
        self.work = WORK_LIMIT

    def spend(self, size: int = 0) -> None:
        self.steps -= 1
        self.work -= size
        if size > TEXT_LIMIT or self.steps < 0 or self.work < 0:
            raise ExhaustedError("it takes more steps or makes longer text than is allowed")


_left: ContextVar[Budget] = ContextVar("_left")


@contextmanager
def limited() -> Generator[None]:
    """Give the template that is rendered meanwhile a budget of its own."""
    token = _left.set(Budget())
    try:
        yield
    finally:
        _left.reset(token)


def paid(value: T) -> T:
    """Pay for a value by its length, and give it back."""
    _left.get().spend(len(value) if isinstance(value, (str, list, tuple, dict)) else 1)
    return value


def may_have(length: int) -> None:
    """Refuse a text of a length before it is made."""
    if length > TEXT_LIMIT:
        raise ExhaustedError("it makes longer text than is allowed")


class Counted:
    """What a loop runs over; every step is paid."""

    def __init__(self, items: Any) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Any]:
        budget = _left.get()
        for item in self._items:
            budget.spend()
            yield item

    def __len__(self) -> int:
        return len(self._items)


def check_binop(operator: str, left: Any, right: Any) -> None:
    """Refuse an operation whose result can be far longer than what it is given."""
    sizes = [len(v) for v in (left, right) if isinstance(v, (str, list, tuple))]
    numbers = [v for v in (left, right) if isinstance(v, int)]
    if operator == "*" and sizes and numbers:
        may_have(sizes[0] * max(numbers))
    if operator == "**" or any(n.bit_length() > _BITS_LIMIT for n in numbers):
        raise ExhaustedError("it calculates with larger numbers than is allowed")
    if operator == "%" and isinstance(left, str) and _WIDE.search(left):
        raise ExhaustedError("it formats wider than is allowed")


def add(left: Any, right: Any) -> Any:
    """Add two values, and pay for what comes of it."""
    check_binop("+", left, right)
    return paid(left + right)


def check_call(obj: Any, args: tuple[Any, ...]) -> None:
    """Refuse the string methods whose result can be far longer than what they are given."""
    name = getattr(obj, "__name__", "")
    text = getattr(getattr(obj, "__wrapped__", obj), "__self__", None)
    if not isinstance(text, str):
        return
    if name in _PADDING and any(isinstance(a, int) and a > _WIDTH_LIMIT for a in args):
        raise ExhaustedError("it pads wider than is allowed")
    if name in {"format", "format_map"} and _WIDE.search(text):
        raise ExhaustedError("it formats wider than is allowed")
    if name == "replace":
        _check_replace(text, *args)
    if name == "join" and args and isinstance(args[0], (str, list, tuple)):
        may_have(len(text) * len(args[0]))


def _check_replace(text: str, old: Any = "", new: Any = "", *_: Any) -> None:
    if isinstance(old, str) and isinstance(new, str):
        may_have(len(text) + (text.count(old) if old else len(text) + 1) * len(new))


def metered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Pay for what a filter gives; the decorations jinja reads stay on it."""

    @wraps(function)
    def paying(*args: Any, **kwargs: Any) -> Any:
        return paid(function(*args, **kwargs))

    return paying


def replace_filter(text: Any, old: Any, new: Any, count: int | None = None) -> str:
    text, old, new = str(text), str(old), str(new)
    _check_replace(text, old, new)
    replaced: str = text.replace(old, new, -1 if count is None else count)
    return replaced


def join_filter(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def join(context: Any, value: Any, d: str = "", attribute: Any = None) -> Any:
        value = list(value)
        may_have(len(value) * len(str(d)) + sum(len(v) for v in value if isinstance(v, str)))
        return paid(original(context, value, d, attribute))

    return join


def indent_filter(text: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    from jinja2.filters import do_indent

    size = len(width) if isinstance(width, str) else width
    may_have(len(text) + (text.count("\n") + 1) * size)
    return do_indent(text, width, first, blank)


def to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    if isinstance(indent, int) and indent > _WIDTH_LIMIT:
        raise ExhaustedError("it indents wider than is allowed")
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )
