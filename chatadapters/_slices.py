"""Waits that Ctrl-C can end: Windows tells of it only between two, so they are short there."""

from __future__ import annotations

import os
import select
from math import ceil, inf
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WINDOWS = os.name == "nt"
IN, OUT = 1, 4  # as poll has them
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


def ready(sock: Any, event: int, seconds: float | None) -> bool:
    """Wait until a socket can be read or written, or the time is over.

    Args:
        sock: The socket.
        event: `IN` or `OUT`.
        seconds: The longest wait, None for ever.
    """
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock, event)
        return bool(poll.poll(None if seconds is None else ceil(seconds * 1000)))
    readers, writers = ([sock], []) if event == IN else ([], [sock])  # Windows
    found = (select.select(readers, writers, [], each) for each in slices(seconds))
    return any(map(any, found))
