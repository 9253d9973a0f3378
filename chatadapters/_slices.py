"""Waits that Ctrl-C can end: Windows tells of it only between two, so they are short there."""

from __future__ import annotations

import os
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WINDOWS = os.name == "nt"
_LONGEST = 0.5


def slices(seconds: float | None) -> Iterable[float | None]:
    """Give the waits, in seconds, that a wait is made of.

    Args:
        seconds: The whole wait, None for ever.

    Returns:
        The wait itself; on Windows as many short ones as it takes.
    """
    return _short(inf if seconds is None else seconds) if WINDOWS else (seconds,)


def _short(seconds: float) -> Iterator[float]:
    deadline, left = monotonic() + seconds, seconds
    yield max(0.0, min(left, _LONGEST))
    while (left := deadline - monotonic()) > 0:
        yield min(left, _LONGEST)
