"""The three ways a reply is handed out."""

from __future__ import annotations

import pytest

from chatadapters._errors import IncompleteStreamError
from chatadapters._events import Event, Finish, Reasoning, Restarted, Text
from chatadapters._views import DeltaView, EventView, GrowingView, View


def through(view: View, *events: Event) -> list[object]:
    """Push the events one by one and take after each, the last time for good."""
    given: list[object] = []
    for event in events:
        view.push(event)
        given += view.take(last=isinstance(event, Finish))
    return given


def test_growing_strings_grow() -> None:
    """Each value is the whole reply so far."""
    assert through(GrowingView(), Text("Hel"), Text("lo"), Finish("stop")) == ["Hel", "Hello"]


def test_deltas_are_what_is_new() -> None:
    """The deltas joined are the reply."""
    assert through(DeltaView(), Text("Hel"), Text("lo"), Finish("stop")) == ["Hel", "lo"]


def test_an_empty_reply_gives_one_empty_value_and_no_delta() -> None:
    """A UI that waits for a value gets one, one that appends gets nothing."""
    assert through(GrowingView(), Finish("stop")) == [""]
    assert through(DeltaView(), Finish("stop")) == []


def test_events_are_given_as_they_are() -> None:
    """The event view hides nothing."""
    events = [Text("a"), Restarted(2), Text("b"), Finish("stop")]
    assert through(EventView(), *events) == events


def test_reasoning_is_hidden_by_default() -> None:
    """Reasoning shows nothing and makes no value."""
    assert through(GrowingView(), Reasoning("hm"), Text("a"), Finish("stop")) == ["a"]
    assert through(DeltaView(), Reasoning("hm"), Text("a"), Finish("stop")) == ["a"]


def test_reasoning_is_shown_between_tags_when_wanted() -> None:
    """Shown reasoning opens a tag once and closes it before the answer."""
    events = [Reasoning("h"), Reasoning("m"), Text("a"), Finish("stop")]
    assert "".join(map(str, through(DeltaView(show_reasoning=True), *events))) == (
        "<think>hm</think>\n\na"
    )
    assert through(GrowingView(show_reasoning=True), *events)[-1] == "<think>hm</think>\n\na"


def test_reasoning_without_an_answer_is_closed() -> None:
    """The tag never stays open in a finished reply."""
    view = DeltaView(show_reasoning=True)
    given = through(view, Reasoning("hm"), Finish("stop"))
    assert "".join(map(str, given)) == "<think>hm</think>\n\n"


def test_notice_is_appended_at_the_finish() -> None:
    """A notice is part of the last value."""
    view = GrowingView(notice=lambda finish: f" ({finish.reason})")
    assert through(view, Text("a"), Finish("length"))[-1] == "a (length)"
    assert through(GrowingView(notice=lambda finish: None), Text("a"), Finish("stop")) == ["a"]


def test_a_restart_swaps_when_it_has_caught_up() -> None:
    """The old text stays until the new attempt is as long, so no value ever shrinks."""
    view = GrowingView()
    given = through(view, Text("Hello"), Restarted(2), Text("Bon"), Text("jour"), Finish("stop"))
    assert given == ["Hello", "Bonjour"]


def test_a_shorter_restart_is_swapped_at_the_finish() -> None:
    """When the new attempt ends shorter, the last value is the new text."""
    assert through(GrowingView(), Text("Hello"), Restarted(2), Text("Hi"), Finish("stop")) == [
        "Hello",
        "Hi",
    ]


def test_a_restart_that_repeats_yields_nothing_twice() -> None:
    """Repeating what is shown already makes no value."""
    view = GrowingView()
    events = [Text("Hello"), Restarted(2), Text("Hel"), Text("lo"), Text(" you"), Finish("stop")]
    assert through(view, *events) == ["Hello", "Hello you"]


def test_deltas_go_on_behind_what_a_restart_repeats() -> None:
    """What was given is skipped, however it is cut; what follows is given."""
    events = [Text("Hel"), Text("lo"), Restarted(2), Text("He"), Text("llo you"), Finish("stop")]
    assert through(DeltaView(), *events) == ["Hel", "lo", " you"]


@pytest.mark.parametrize("second", ["Hexlo", "Hel"])
def test_deltas_raise_when_a_restart_differs_or_is_shorter(second: str) -> None:
    """Text that was given cannot be taken back; the error has it."""
    with pytest.raises(IncompleteStreamError, match="broke after 5 characters") as caught:
        through(DeltaView(), Text("Hello"), Restarted(2), Text(second), Finish("stop"))
    assert caught.value.partial == "Hello"
    assert caught.value.final
