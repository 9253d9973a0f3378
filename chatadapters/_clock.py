"""How long a reply may wait for its provider; the consumer's own time does not count. Pure."""

from __future__ import annotations

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
        timeout: The longest waits of the attempts that follow.
        due: When the wait that was begun is to end; None is never.
        waited: Seconds waited since the last content, or since the attempt began.
    """

    def __init__(self, timeout: Timeout, now: float) -> None:
        self.timeout = timeout
        self._began = self._asked = now
        self._ours = False
        self.due: float | None = None
        self.begin()

    def begin(self) -> None:
        """An attempt begins; the wait before it was no wait for the provider."""
        self._ours = False
        self.waited, self._limit = 0.0, self.timeout.first
        self._excused = False
        self._waiting_for = "the first content (Timeout.first)"

    def content(self) -> None:
        """Content came."""
        self.waited, self._limit = 0.0, self.timeout.idle
        self._excused = False
        self._waiting_for = "more content (Timeout.idle)"

    def patience(self, now: float) -> float | None:
        """Start to wait: say for how many seconds at most, None for ever."""
        if self._ours:
            self.waited += now - self._asked
        self._asked, self._ours = now, True
        left = None if self._limit is None else max(0.0, self._limit - self.waited)
        if self.timeout.total is None:
            return left
        until_deadline = max(0.0, self._began + self.timeout.total - now)
        return until_deadline if left is None else min(left, until_deadline)

    def tick(self, now: float) -> None:
        """The wait is over, something came or not."""
        self.waited += now - self._asked
        self._asked = now
        if self.due is not None and now > self.due + BUSY_SECONDS and not self._excused:
            self._excused = True
            self.waited = max(0.0, self.waited - 2 * (now - self.due))

    def hand_over(self) -> None:
        """The consumer has its turn; how long it takes is its own affair."""
        self._ours = False

    def allows(self, wait: float) -> bool:
        """Say whether a wait from now ends before the total time is over."""
        total = self.timeout.total
        return total is None or self._asked + wait < self._began + total

    def check(self, now: float, *, vain: bool = False) -> None:
        """Raise `StallError` when a wait was too long, or when nothing more can come of it."""
        if self.timeout.total is not None and now >= self._began + self.timeout.total:
            raise _too_late(f"the reply took longer than {self.timeout.total} s (Timeout.total)")
        if self._limit is not None and (vain or self.waited >= self._limit):
            raise StallError(f"waited {self._limit} s in vain for {self._waiting_for}")


def _too_late(message: str) -> StallError:
    error = StallError(message)
    error.final = True
    return error
