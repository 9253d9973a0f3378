"""An interrupt may come at any moment: a reply is then exact or an error."""

from __future__ import annotations

import gc
import random
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest

from chatadapters import Finish, Retry, Timeout, make_predict
from chatadapters._transcript import Transcript
from chatadapters.testing import ScriptedBackend
from chatadapters.testing.faults import TEXT, FaultServer
from tests.both import Run
from tests.fault_cells import BACKENDS
from tests.torture.test_leaks import settled

_TIMES = 200
_LOST = 8
_SCENARIOS = ("ok", "stall_mid_always", "reset_mid_once")


class Interrupt(BaseException):
    """What a signal handler raises, as Ctrl-C does."""


class Alarm(Exception):
    """What the handlers of libraries raise that bound the time a function takes."""


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture(params=[Interrupt, Alarm])
def interrupt(request: pytest.FixtureRequest) -> Iterator[type[BaseException]]:
    """Raise this in the main thread when the timer is up."""

    def handler(_: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_code is not _interrupted.__code__:  # that is the test
            raise request.param

    before = signal.signal(signal.SIGALRM, handler)
    yield request.param
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


# A destructor or a thread that is just starting may be hit too; Python reports that aside.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("backend", ["openai-chat", "tgi"])
def test_interrupts_at_random_moments(
    backend: str, interrupt: type[BaseException], server: FaultServer
) -> None:
    """No reply ends as if all were well without being exact; no thread is left.

    A connection may be: Python loses it where an interrupt hits the beginning of a `with`.
    """
    dialect, make = BACKENDS[backend]
    chosen = random.Random(7)
    predict = make("http://127.0.0.1:1", timeout=Timeout(first=2, idle=0.3), retry=Retry(wait=0))
    outcomes = set()
    for number in range(_TIMES):
        url = server.url(_SCENARIOS[number % len(_SCENARIOS)], dialect)
        outcomes.add(_interrupted(predict.using(base_url=url), chosen.uniform(1e-5, 6e-3)))
    predict.close()
    gc.collect()
    assert "interrupted" in outcomes
    assert outcomes <= {"interrupted", "error", TEXT}
    assert settled(lambda: server.connections, 0) <= _LOST
    assert settled(lambda: [*filter(_reads, threading.enumerate())], []) == []


def _interrupted(predict: Any, seconds: float) -> str:
    shown = [""]
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        shown += predict("Hello", [])
        signal.setitimer(signal.ITIMER_REAL, 0)
    except (Interrupt, Alarm):
        return "interrupted"
    except Exception:  # what Python makes of an interrupt in its own code, such as in a lock
        return "error"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return shown[-1]


def _reads(thread: threading.Thread) -> bool:
    """Say whether it is a thread of a reply; one that never began is Python's to forget."""
    return thread.name == "chatadapters-feed" and thread.ident is not None


def test_what_breaks_while_text_is_taken_never_ends_well(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where text that came with the finish is lost to an interrupt, the reply is an error."""
    add = Transcript.add

    def interrupted(self: Transcript, event: Any) -> None:
        if getattr(event, "delta", "") == "you":
            raise Alarm
        add(self, event)

    monkeypatch.setattr(Transcript, "add", interrupted)
    predict = make_predict(ScriptedBackend(["Hello ", "you", Finish("stop")]), pace=0)
    with pytest.raises(Alarm):
        run(predict, "predict", "Hi")
