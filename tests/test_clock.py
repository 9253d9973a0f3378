"""The clocks of a reply: what the consumer takes does not count."""

from __future__ import annotations

import pytest

from chatadapters._clock import Clock
from chatadapters._errors import StallError
from chatadapters._policies import Timeout


def waits(clock: Clock, start: float, seconds: float) -> None:
    clock.patience(start)
    clock.tick(start + seconds)
    clock.check(start + seconds)


def test_first_clock_runs_until_content() -> None:
    """Without any content the first clock stops the reply and says which one it was."""
    clock = Clock(Timeout(first=5, idle=1), 0.0)
    waits(clock, 0.0, 4.9)
    with pytest.raises(StallError, match=r"5 s in vain for the first content"):
        waits(clock, 4.9, 0.1)


def test_idle_clock_begins_with_content() -> None:
    """After the first content the shorter idle clock counts, anew after each content."""
    clock = Clock(Timeout(first=5, idle=1), 0.0)
    clock.content()
    waits(clock, 0.0, 0.9)
    clock.content()
    waits(clock, 0.9, 0.9)
    with pytest.raises(StallError, match=r"1 s in vain for the more content"):
        waits(clock, 1.8, 0.1)


def test_a_slow_consumer_does_not_make_the_provider_late() -> None:
    """Time after a value was handed over is the consumer's and does not count."""
    clock = Clock(Timeout(first=5, idle=1), 0.0)
    clock.content()
    waits(clock, 0.0, 0.5)
    clock.hand_over()
    waits(clock, 1000.0, 0.4)


def test_our_own_work_counts_as_waiting() -> None:
    """A flood of bytes without content keeps us busy, and is a stall all the same."""
    clock = Clock(Timeout(first=5), 0.0)
    waits(clock, 0.0, 0.1)
    clock.patience(5.1)
    clock.tick(5.1)
    with pytest.raises(StallError):
        clock.check(5.1)


def test_a_busy_machine_does_not_make_the_provider_late() -> None:
    """A wait that ended late lets what came meanwhile be looked for, once, before it is a stall."""
    clock = Clock(Timeout(first=5), 0.0)
    clock.due = 0.0 + (clock.patience(0.0) or 0)
    clock.tick(8.0)
    clock.check(8.0)
    left = clock.patience(8.0)
    assert left == 3
    clock.due = 8.0 + left
    clock.tick(19.0)
    with pytest.raises(StallError):
        clock.check(19.0)


def test_total_counts_everything_and_is_final() -> None:
    """The total deadline is a wall-clock one, and no further attempt follows it."""
    clock = Clock(Timeout(total=10), 0.0)
    assert clock.patience(4.0) == 6.0
    clock.content()
    with pytest.raises(StallError, match=r"Timeout.total") as caught:
        waits(clock, 4.0, 6.0)
    assert caught.value.final


def test_patience_is_what_is_left_of_the_shortest_clock() -> None:
    """The loop waits no longer than the next clock allows."""
    clock = Clock(Timeout(first=5, total=100), 0.0)
    assert clock.patience(0.0) == 5.0
    clock.tick(2.0)
    clock.hand_over()
    assert clock.patience(50.0) == 3.0
    assert Clock(Timeout(first=None), 0.0).patience(7.0) is None
    assert Clock(Timeout(first=None, total=3), 0.0).patience(1.0) == 2.0


@pytest.mark.parametrize("name", ["connect", "first", "idle", "total"])
def test_a_time_must_be_above_zero(name: str) -> None:
    """A zero or negative time is refused by name."""
    with pytest.raises(ValueError, match=rf"Timeout\({name}=0\)"):
        Timeout(**{name: 0})
