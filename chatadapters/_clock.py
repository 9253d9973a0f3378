"""How long a reply may wait for its provider; the consumer's own time does not count. Pure."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from ._errors import StallError

if TYPE_CHECKING:
    from ._policies import Timeout


BUSY_SECONDS = 0.05


class Clock:
    """Measures the waits of one reply: to the first content, between contents, in all.

    A consumer that is slow to ask for the next value does not make the provider late, nor does a
    machine too busy to end a wait in time: what came meanwhile is looked for once more.

    Args:
        timeout: The longest waits.
        now: The reading of a monotonic clock in seconds, as in every method.

    Attributes:
        due: When the wait that was begun is to end; `inf` is never.
        ours: Whether the time from a wait to the next counts; what the consumer takes does not.
        waited: Seconds waited since the last content, or since the attempt began.
    """

    __slots__ = (
        "_asked", "_began", "_deadline", "_excused", "_first", "_idle", "_limit", "_total",
        "_waiting_for", "due", "ours", "waited",
    )  # fmt: skip

    def __init__(self, timeout: Timeout, now: float) -> None:
        self._began = self._asked = now
        self.ours = False
        self.due = inf
        self.follow(timeout)
        self.begin()

    def follow(self, timeout: Timeout) -> None:
        """Let these be the longest waits of the attempts that follow."""
        self._first = inf if timeout.first is None else timeout.first
        self._idle = inf if timeout.idle is None else timeout.idle
        self._total = inf if timeout.total is None else timeout.total
        self._deadline = self._began + self._total

    def begin(self) -> None:
        """An attempt begins; the wait before it was no wait for the provider."""
        self.ours = False
        self.waited, self._limit = 0.0, self._first
        self._excused = False
        self._waiting_for = "the first content (Timeout.first)"

    def content(self, now: float) -> None:
        """The wait is over, content came."""
        self._asked = now
        self.waited, self._limit = 0.0, self._idle
        self._excused = False
        self._waiting_for = "more content (Timeout.idle)"

    def until(self, now: float) -> float:
        """Start to wait: say until when at most."""
        if self.ours:
            self.waited += now - self._asked
        self._asked, self.ours = now, True
        until, deadline = now + self._limit - self.waited, self._deadline
        return until if until < deadline else deadline  # noqa: FURB136 - `min` takes ten times that

    def tick(self, now: float) -> None:
        """The wait is over, no content came."""
        self.waited += now - self._asked
        self._asked = now
        if now > self.due + BUSY_SECONDS and not self._excused:
            self._excused = True
            self.waited = max(0.0, self.waited - 2 * (now - self.due))

    def allows(self, wait: float) -> bool:
        """Say whether a wait from now ends before the total time is over."""
        return self._asked + wait < self._deadline

    def check(self, now: float, *, vain: bool = False) -> None:
        """Raise `StallError` when a wait was too long, or when nothing more can come of it."""
        if now >= self._deadline:
            raise _too_late(f"the reply took longer than {self._total} s (Timeout.total)")
        if self.waited >= self._limit or (vain and self._limit < inf):
            raise StallError(f"waited {self._limit} s in vain for {self._waiting_for}")


def _too_late(message: str) -> StallError:
    error = StallError(message)
    error.final = True
    return error
