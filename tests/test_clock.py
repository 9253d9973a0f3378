"""The clocks of a reply: what the consumer takes does not count."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Any

import pytest

from chatadapters import make_predict
from chatadapters._clock import Clock
from chatadapters._errors import StallError
from chatadapters._policies import Timeout
from chatadapters.testing import ScriptedBackend
from chatadapters.testing.faults import TEXT, FaultServer
from tests.both import Run
from tests.http_backends import openai_chat, tgi


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer(speed=100) as running:
        yield running


def scripted(_url: str, **options: Any) -> Any:
    return make_predict(ScriptedBackend(TEXT), **options)


def waits(clock: Clock, start: float, seconds: float) -> None:
    clock.until(start)
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
    clock.content(0.0)
    waits(clock, 0.0, 0.9)
    clock.content(0.9)
    waits(clock, 0.9, 0.9)
    with pytest.raises(StallError, match=r"1 s in vain for more content"):
        waits(clock, 1.8, 0.1)


def test_a_slow_consumer_does_not_make_the_provider_late() -> None:
    """Time after a value was handed over is the consumer's and does not count."""
    clock = Clock(Timeout(first=5, idle=1), 0.0)
    clock.content(0.0)
    waits(clock, 0.0, 0.5)
    clock.ours = False
    waits(clock, 1000.0, 0.4)


def test_our_own_work_counts_as_waiting() -> None:
    """A flood of bytes without content keeps us busy, and is a stall all the same."""
    clock = Clock(Timeout(first=5), 0.0)
    waits(clock, 0.0, 0.1)
    clock.until(5.1)
    clock.tick(5.1)
    with pytest.raises(StallError):
        clock.check(5.1)


def test_a_busy_machine_does_not_make_the_provider_late() -> None:
    """A wait that ended late lets what came meanwhile be looked for, once, before it is a stall."""
    clock = Clock(Timeout(first=5), 0.0)
    clock.due = clock.until(0.0)
    clock.tick(8.0)
    clock.check(8.0)
    clock.due = clock.until(8.0)
    assert clock.due == 11
    clock.tick(19.0)
    with pytest.raises(StallError):
        clock.check(19.0)


def test_total_counts_everything_and_is_final() -> None:
    """The total deadline is a wall-clock one, and no further attempt follows it."""
    clock = Clock(Timeout(total=10), 0.0)
    assert clock.until(4.0) == 10.0
    clock.content(4.0)
    with pytest.raises(StallError, match=r"Timeout.total") as caught:
        waits(clock, 4.0, 6.0)
    assert caught.value.final


def test_a_wait_ends_with_the_shortest_clock() -> None:
    """The loop waits no longer than the next clock allows."""
    clock = Clock(Timeout(first=5, total=100), 0.0)
    assert clock.until(0.0) == 5.0
    clock.tick(2.0)
    clock.ours = False
    assert clock.until(50.0) == 53.0
    assert Clock(Timeout(first=None), 0.0).until(7.0) == inf
    assert Clock(Timeout(first=None, total=3), 0.0).until(1.0) == 3.0


NAMES = ["connect", "first", "idle", "total"]


@pytest.mark.parametrize("time", [0, -1, float("-inf"), float("nan")])
@pytest.mark.parametrize("name", NAMES)
def test_a_time_must_be_above_zero(name: str, time: float) -> None:
    """A zero or negative time, or none at all, is refused by name."""
    with pytest.raises(ValueError, match=rf"Timeout\({name}={time}\)"):
        Timeout(**{name: time})


@pytest.mark.parametrize("name", NAMES)
def test_a_time_that_no_system_can_wait_is_for_ever(name: str) -> None:
    """Beyond 20 days nothing is timed, so that no wait is longer than a system can count."""
    longest = 20 * 86_400
    assert getattr(Timeout(**{name: longest}), name) == longest
    for time in (longest + 1, 1e300, float("inf"), 10**400):
        assert getattr(Timeout(**{name: time}), name) is None


@pytest.mark.parametrize("make", [openai_chat, tgi, scripted], ids=["openai", "tgi", "thread"])
@pytest.mark.parametrize("time", [20 * 86_400, float("inf")])
@pytest.mark.parametrize("name", NAMES)
def test_the_longest_times_can_be_waited(
    run: Run, make: Any, time: float, name: str, server: FaultServer
) -> None:
    """A reply comes whole, whichever time is that long."""
    timeout = Timeout(**{"first": None, "idle": None, name: time})
    url = server.url("slow_drip", "tgi" if make is tgi else "openai")
    assert run(make(url, timeout=timeout), "predict", "Hello")[-1] == TEXT
