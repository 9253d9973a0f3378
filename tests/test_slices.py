"""Waits on Windows, where they end now and then so that Ctrl-C is seen."""

from __future__ import annotations

import select
import threading
from contextlib import closing
from itertools import islice
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

from chatadapters import Timeout, _network, _slices, openai_predict, text_generation_predict
from chatadapters._feed import Feed
from chatadapters._slices import slices
from chatadapters.testing.faults import TEXT, FaultServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait as on Windows, which has no poll."""
    monkeypatch.setattr(_slices, "WINDOWS", True)
    monkeypatch.setattr(_network, "WINDOWS", True)
    monkeypatch.delattr(select, "poll", raising=False)


def test_elsewhere_a_wait_is_one() -> None:
    """There a signal ends it."""
    assert [*slices(None)] == [None]
    assert [*slices(1.2)] == [1.2]


@pytest.mark.usefixtures("windows")
def test_a_wait_is_many_short_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is longer than half a second, and together they are the wait."""
    now = 100.0
    monkeypatch.setattr(_slices, "monotonic", lambda: now)
    waits = []
    for wait in slices(1.25):
        assert wait is not None
        waits.append(wait)
        now += wait
    assert waits == [0.5, 0.5, 0.25]
    assert [*islice(slices(None), 9)] == [0.5] * 9
    assert next(iter(slices(-1))) == 0


@pytest.mark.usefixtures("windows")
def test_a_thread_is_waited_for_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its chunks come when they are there, and a wait that was in vain ends."""
    monkeypatch.setattr(_slices, "_LONGEST", 0.01)
    go = threading.Event()

    def stream() -> Iterator[bytes]:
        go.wait(30)
        yield b"x"

    with closing(Feed(stream, 100)) as feed:
        feed.start()
        assert feed.get(monotonic() + 0.05) == ([], None)
        assert feed.get(monotonic() + 0.05, gather=True) == ([], None)
        threading.Timer(0.05, go.set).start()
        assert feed.get(inf)[0] == [b"x"]


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize("scenario", ["slow_headers", "slow_first_token", "stall_mid_once"])
@pytest.mark.parametrize("dialect", ["openai", "tgi"])
def test_a_server_is_waited_for_in_slices(
    monkeypatch: pytest.MonkeyPatch, scenario: str, dialect: str
) -> None:
    """For the head of its answer and for the body, and all of it comes."""
    waits: list[float | None] = []
    real = select.select

    def watched(*args: Any) -> Any:
        waits.append(args[3])
        return real(*args)

    monkeypatch.setattr(select, "select", watched)
    with FaultServer(speed=4) as server:
        url = server.url(scenario, dialect)
        limit = Timeout(idle=2)
        predict = (
            openai_predict("m", base_url=url, api_key="none", timeout=limit)
            if dialect == "openai"
            else text_generation_predict(url, template="zephyr", timeout=limit)
        )
        assert predict.complete("Hi").text == TEXT
    assert len(waits) > 2
    assert all(wait is not None and wait <= 0.5 for wait in waits)
