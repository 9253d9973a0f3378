"""How often a reply is shown: all times here are said, none is waited for."""

from __future__ import annotations

import pytest

from chatadapters import Finish, Reasoning, Restarted, Text
from chatadapters._call import Call
from chatadapters._feed import End
from chatadapters._pace import frame
from chatadapters._reply import ReplyState
from chatadapters._views import DeltaView, GrowingView, View
from chatadapters.testing import ScriptedBackend
from chatadapters.ui._shown import ShownView


@pytest.mark.parametrize(
    ("pace", "length", "seconds"),
    [(25, 0, 0.04), (25, 10_000, 0.08), (25, 50_000, 0.24), (25, 10**7, 1.04), (0.5, 50_000, 2.2)],
)
def test_a_frame_is_longer_when_the_text_is(pace: float, length: int, seconds: float) -> None:
    """The shortest text has the pace, and each character takes its time, up to a second."""
    assert frame(pace, length) == pytest.approx(seconds)


@pytest.mark.parametrize("view", [GrowingView(True), DeltaView(True), ShownView(True)], ids=type)
def test_the_length_is_that_of_what_is_shown(view: View) -> None:
    """Reasoning that is shown counts, and what was not given yet does not."""
    view.push(Text("four"))
    assert view.length == 0
    view.take(last=False)
    assert view.length == 4
    view.push(Reasoning("three"))
    view.take(last=False)
    assert view.length in {9, 16}  # between tags, or apart


@pytest.mark.parametrize("view", [GrowingView(), ShownView()], ids=type)
def test_the_length_after_a_restart(view: View) -> None:
    """A new attempt counts when it has replaced the old one."""
    for event in (Text("four"), Restarted(2), Text("five"), Text("!")):
        view.push(event)
        view.take(last=False)
    assert view.length == 5


def begun(text: str, pace: float = 25) -> ReplyState:
    """Give a reply that has just shown a text, at the time 0."""
    reply = ReplyState(Call(ScriptedBackend(text), "Hi", pace=pace), GrowingView(), 0.0)
    reply.begin()
    reply.step(([Text(text)], None), 0.0)
    assert reply.take(0.0) == [text]
    return reply


def test_more_of_a_long_text_comes_later() -> None:
    """What comes while a long text is drawn waits, and is looked for as often as ever."""
    reply = begun("x" * 50_000)
    reply.step(([Text("y")], None), 0.01)
    assert reply.take(0.05) == []
    assert reply.until(0.05) == (pytest.approx(0.09), True)
    assert reply.take(0.23) == []
    assert reply.until(0.23) == (pytest.approx(0.24), True)
    assert reply.take(0.25) == ["x" * 50_000 + "y"]


def test_more_of_a_short_text_comes_with_the_pace() -> None:
    """A text that is drawn quickly is not held longer."""
    reply = begun("x")
    reply.step(([Text("y")], None), 0.01)
    assert reply.take(0.03) == []
    assert reply.take(0.05) == ["xy"]


def test_tokens_that_come_unevenly_are_shown_as_they_come() -> None:
    """None waits for a frame as long as they come less often than frames."""
    reply, text = begun("x"), "x"
    for number in range(1, 100):
        now, text = number / 20 + (0.008 if number % 2 else -0.008), text + "y"
        reply.step(([Text("y")], None), now)
        assert reply.take(now) == [text]


@pytest.mark.parametrize("every", [0.001, 0.013, 0.0399, 0.05])
def test_no_more_values_come_than_the_pace_has(every: float) -> None:
    """However often it is looked; one alone may come early."""
    reply, shown = begun("x"), 0
    for number in range(1, round(2 / every) + 1):
        reply.step(([Text("y")], None), number * every)
        shown += len(reply.take(number * every))
    assert shown <= 2 * 25 + 1
    assert shown >= 2 * min(25, 1 / every) * 0.9


@pytest.mark.parametrize("end", [[Finish("stop")], []], ids=["finished", "broken"])
def test_the_last_of_a_long_text_comes_at_once(end: list[Finish]) -> None:
    """Nothing waits for a frame once a reply has ended, however it did."""
    reply = begun("x" * 50_000)
    reply.step(([Text("y")], None), 0.01)
    assert reply.take(0.01) == []
    reply.step((end, End(None)), 0.02)
    assert reply.take(0.02)[0] == "x" * 50_000 + "y"


def test_without_a_pace_all_comes_at_once() -> None:
    """Zero is no bound, whatever the length."""
    reply = begun("x" * 50_000, pace=0)
    reply.step(([Text("y")], None), 0.01)
    assert reply.take(0.01) == ["x" * 50_000 + "y"]
