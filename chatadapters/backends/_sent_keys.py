"""The keys that went out with requests, so that none of them ever shows in an error."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from .._checks import NOT_CARRIED, is_carried
from .._errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 8  # keys that are fetched for each request change


class SentKeys:
    """The last keys that were sent. A pickle of it has none."""

    def __init__(self) -> None:
        self._keys: deque[str] = deque(maxlen=_MOST)

    def note(self, key: str) -> bool:
        """Note that a key is sent; False if no HTTP header can carry it."""
        if not is_carried(key):
            return False
        if key not in self._keys:
            self._keys.append(key)
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys.copy())  # another thread may add one

    def __reduce__(self) -> tuple[object, ...]:
        return SentKeys, ()


def check_key(name: str, value: object) -> None:
    """Check that a key is given as one, when a predict is made.

    Raises:
        OptionError: It is neither a string nor a callable, or no HTTP header can carry it; its
            value is not shown.
    """
    if isinstance(value, str) and not is_carried(value.strip()):
        raise OptionError(f"{name} {NOT_CARRIED}")
    if not (value is None or isinstance(value, str) or callable(value)):
        raise OptionError(
            f"{name} is of type {type(value).__name__}: give a string, or a callable that gives one"
        )
