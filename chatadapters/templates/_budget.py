"""What a Jinja template may spend: steps, text and time; paid before or when something is made."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from time import thread_time
from typing import TYPE_CHECKING, Any, TypeVar

from jinja2 import TemplateError as JinjaError
from jinja2.utils import Namespace

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

T = TypeVar("T")
SOURCE_LIMIT = 2**20
TEXT_LIMIT = 2**25
LIST_LIMIT = 2**20
STEP_LIMIT = 300_000
WORK_LIMIT = 2**29
SECONDS_LIMIT = 5  # of this thread's processor time, so that a busy machine does not count
_CHECKED = 64  # steps from one look at the time to the next
_SHORT = 2**16
_NUMBER = 25  # characters of the longest float
_PUNCTUATION = 4  # between two items


class ExhaustedError(JinjaError):
    """The template does more than a chat template needs."""


class Budget:
    def __init__(self) -> None:
        self.steps = STEP_LIMIT
        self.work = WORK_LIMIT
        self._until = thread_time() + SECONDS_LIMIT

    def spend(self, size: int = 0) -> None:
        self.steps -= 1
        self.work -= size
        if size > TEXT_LIMIT or self.steps < 0 or self.work < 0:
            raise ExhaustedError("it takes more steps or makes longer text than is allowed")
        if not self.steps % _CHECKED and thread_time() > self._until:
            raise ExhaustedError("it takes longer than is allowed")


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
    if isinstance(value, str):
        _left.get().spend(len(value))
    elif isinstance(value, (list, tuple, dict)):
        may_hold(len(value))
        _left.get().spend(len(value))
    else:
        _left.get().spend(1)
    return value


def may_have(length: int) -> None:
    """Refuse a text of a length before it is made."""
    if length > TEXT_LIMIT:
        raise ExhaustedError("it makes longer text than is allowed")


def may_hold(items: int) -> None:
    """Refuse a list of a length before it is made."""
    if items > LIST_LIMIT:
        raise ExhaustedError("it makes a longer list than is allowed")


def seen(value: T) -> T:
    """Pay for what writing or comparing a value goes through, and give it back.

    Lists that hold one list twice, which holds another one twice, and so on, take no room until
    somebody looks at all that is in them.
    """
    if value is None or (isinstance(value, str) and len(value) < _SHORT):
        return value
    may_have(text_size(value))
    return value


def text_size(value: Any) -> int:
    """Pay for a value and all it holds; give how long it is as text, or a little more."""
    if isinstance(value, str):
        return len(paid(value))
    if isinstance(value, int):
        return 1 + value.bit_length() // 3
    if type(value) is Namespace:
        value = object.__getattribute__(value, "_Namespace__attrs")
    if not isinstance(value, Collection):
        return _NUMBER
    _left.get().spend(len(value))
    size = sum(_PUNCTUATION + text_size(item) for item in value)
    return size + (sum(map(text_size, value.values())) if isinstance(value, Mapping) else 0)


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
