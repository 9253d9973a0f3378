from __future__ import annotations

from typing import Any

import pytest

from chatadapters import (
    Finish,
    IncompleteStreamError,
    OptionError,
    Reasoning,
    Restarted,
    Text,
    echo_predict,
    fallback,
    make_predict,
)
from chatadapters._events import Event
from chatadapters.testing import ScriptedBackend
from chatadapters.ui import (
    Conversation,
    for_chainlit,
    for_marimo,
    for_mesop,
    for_open_webui,
    for_panel,
    for_shiny,
)
from chatadapters.ui._shown import Shown, ShownView, named, news, shown
from tests.ui.asked import listed


def through(view: ShownView, *events: Event) -> list[Shown]:
    """Push events one by one and take after each."""
    given: list[Shown] = []
    for event in events:
        view.push(event)
        given += view.take(last=isinstance(event, Finish))
    return given


THOUGHT = (Reasoning("Hm"), Reasoning("m."), Text("An"), Text("swer"), Finish("stop"))


def test_reasoning_and_answer_are_apart() -> None:
    """Both grow, each in its place."""
    assert through(ShownView(show_reasoning=True), *THOUGHT) == [
        ("Hm", ""),
        ("Hmm.", ""),
        ("Hmm.", "An"),
        ("Hmm.", "Answer"),
    ]


def test_reasoning_is_hidden_by_default() -> None:
    """Without `show_reasoning` there is only the answer."""
    assert through(ShownView(), *THOUGHT) == [("", "An"), ("", "Answer")]


def test_an_empty_reply_is_one_value() -> None:
    """A reply without text still gives a value."""
    assert through(ShownView(), Finish("stop")) == [("", "")]


def test_a_notice_follows_the_answer() -> None:
    """What `notice` gives for the finish is appended to the answer."""
    view = ShownView(notice=lambda finish: f" ({finish.reason})")
    assert through(view, Text("Once"), Finish("length"))[-1] == ("", "Once (length)")


def test_a_restart_swaps_when_it_has_caught_up() -> None:
    """The old value stays until the new attempt is as long."""
    view = ShownView(show_reasoning=True)
    events = (Reasoning("why"), Text("abc"), Restarted(2), Text("12345"), Text("6"), Text("7"))
    assert through(view, *events) == [("why", ""), ("why", "abc"), ("", "123456"), ("", "1234567")]


def test_news_is_what_was_added() -> None:
    """What is new is the difference of two values."""
    assert news(Shown("a", ""), Shown("ab", "c")) == ("b", "c")


def test_news_cannot_take_back() -> None:
    """Text that changed is an error that has what was shown."""
    with pytest.raises(IncompleteStreamError, match="cannot take back") as caught:
        news(Shown("", "abc"), Shown("", "abd"))
    assert caught.value.partial == "abc"


def test_settings_are_kept_by_name() -> None:
    """Of a UI's settings only those count that are additional inputs."""
    predict = make_predict("echo", additional_inputs=("temperature", "system"))
    assert named(predict, {"temperature": 0, "top_k": 40}) == {"temperature": 0}


@pytest.mark.parametrize(
    "make",
    [
        *(Conversation, for_chainlit, for_marimo, for_mesop, for_open_webui, for_panel),
        lambda predict, inputs: for_shiny(predict, None, inputs=inputs),
    ],
)
@pytest.mark.parametrize("inputs", [{"temperature": 0.5}, {}, "temperature"])
def test_inputs_that_cannot_be_asked_are_named(make: Any, inputs: Any) -> None:
    """With what to give, where they are given and not in the chat."""
    words = r'inputs is of type (dict|str): give a callable .* inputs=lambda: {"temperature": 0.5}'
    with pytest.raises(OptionError, match=words):
        make(echo_predict(additional_inputs=["temperature"]), inputs=inputs)


@pytest.mark.parametrize("given", [0.5, ["temperature"]])
async def test_inputs_that_are_none_are_named(given: Any) -> None:
    """In the chat, with what to give."""
    conversation = Conversation(echo_predict(additional_inputs=["delay"]), inputs=lambda: given)
    for said in [*conversation.ask("Hi")], await listed(conversation.aask("Hi")):
        assert "it is to give a dict of names and values" in said[-1]


def test_inputs_that_have_no_values_yet_are_left() -> None:
    """A UI may have no settings before its user opens them."""
    conversation = Conversation(echo_predict(additional_inputs=["delay"]), inputs=lambda: None)
    assert [*conversation.ask("Hi")][-1] == "Hi"


async def test_fallbacks_are_shown_too() -> None:
    """A predict of several is as good as any other."""
    first = make_predict(ScriptedBackend([PermissionError("no")]))
    second = make_predict(ScriptedBackend("Hello"))
    assert (await listed(shown(fallback(first, second))("Hi")))[-1] == ("", "Hello")
