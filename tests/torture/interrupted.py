"""Interrupts replies at random moments: `python -m tests.torture.interrupted BACKEND KIND`.

It is a process of its own: an interrupt may hit whatever else runs in the main thread, such as the
lock of what measures coverage, or the alarm that bounds the time of a test.
"""

from __future__ import annotations

import gc
import random
import signal
import sys
import threading
from types import FrameType
from typing import Any

from chatadapters import Retry, Timeout
from chatadapters.testing.faults import TEXT, FaultServer
from tests.http_backends import BACKENDS
from tests.torture.test_leaks import settled

_TIMES = 200
_SCENARIOS = ("ok", "stall_mid_always", "reset_mid_once")


class Interrupt(BaseException):
    """What a signal handler raises, as Ctrl-C does."""


class Alarm(Exception):
    """What the handlers of libraries raise that bound the time a function takes."""


def interrupt(backend: str, kind: type[BaseException]) -> None:
    """Interrupt many replies: each is exact or an error, and no connection or thread is left."""

    def handler(_: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_code is not _interrupted.__code__:  # that is the test
            raise kind

    signal.signal(signal.SIGALRM, handler)
    dialect, make = BACKENDS[backend]
    chosen = random.Random(7)
    predict = make("http://127.0.0.1:1", timeout=Timeout(first=2, idle=0.3), retry=Retry(wait=0))
    outcomes = set()
    with FaultServer() as server:
        for number in range(_TIMES):
            url = server.url(_SCENARIOS[number % len(_SCENARIOS)], dialect)
            outcomes.add(_interrupted(predict.using(base_url=url), chosen.uniform(1e-5, 6e-3)))
        predict.close()
        gc.collect()
        assert "interrupted" in outcomes
        assert outcomes <= {"interrupted", "error", TEXT}, outcomes
        assert settled(lambda: server.connections, 0) == 0
        assert settled(lambda: [*filter(_reads, threading.enumerate())], []) == []
    print(f"{_TIMES} replies")  # noqa: T201 - what the test looks for


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


if __name__ == "__main__":
    interrupt(sys.argv[1], {"Interrupt": Interrupt, "Alarm": Alarm}[sys.argv[2]])
