"""Calls of a graph that run side by side are told apart, whatever ids their messages have."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk, ToolMessage

from chatadapters import Failed, Finish, LimitExceededError, Progress, Reasoning, Text, Usage
from chatadapters.backends._langchain_place import place_in
from chatadapters.backends._langchain_reader import LangChainReader
from tests.backends.langchain_model import ended, said, tool_call
from tests.backends.reading import joined

NONE_LEFT = AIMessageChunk(content="", chunk_position="last")


def of(task: str, message: Any, id_: str | None = None, step: int = 1) -> tuple[Any, Any]:
    """Give a message as LangGraph does, of a task."""
    beside = {"langgraph_checkpoint_ns": task, "langgraph_step": step}
    return message.model_copy(update={"id": id_}), beside


def read(*chunks: Any) -> list[Any]:
    """Give what a reader of several calls says, but for its signs of life."""
    reader = LangChainReader(one_call=False)
    events = [event for chunk in chunks for event in reader.feed(chunk)]
    return joined(each for each in [*events, *reader.finish()] if not isinstance(each, Progress))


def shown(*chunks: Any) -> str:
    return "".join(each.delta for each in read(*chunks) if isinstance(each, Text))


def resp(text: str) -> list[AIMessageChunk]:
    """Give what OpenAI's Responses API becomes: a message whose id changes and goes."""
    return [said(""), said(""), *map(said, text), ended(), NONE_LEFT]


IDS = {
    "of LangChain": lambda call, _at: f"lc_run--{call}",
    "of an older LangChain": lambda call, _at: f"run-{call}",
    "none": lambda _call, _at: None,
    "new in each chunk": lambda call, at: f"{call}-{at}",
    "of the provider": lambda call, _at: f"msg_{call}",
    "of the Responses API": lambda call, at: (
        ("resp_", "msg_")[at] + call if at < 2 else f"lc_run--{call}"
    ),
}


@pytest.mark.parametrize("ids", IDS.values(), ids=IDS)
@given(turns=st.lists(st.booleans(), max_size=14))
def test_each_says_its_own(ids: Any, turns: list[bool]) -> None:
    """However their chunks are mixed, each node's text is whole, in the order of beginning."""
    left = {name: resp(text) for name, text in (("a", "The cat."), ("b", "Dogs!"))}
    chunks = []
    for turn in [*turns, *[True] * 20, *[False] * 20]:
        name = "a" if turn else "b"
        if left[name]:
            at = 2 + len("The cat." if turn else "Dogs!") + 2 - len(left[name])
            chunks.append(of(name, left[name].pop(0), ids(name, at)))
    first = chunks[0][1]["langgraph_checkpoint_ns"]
    assert shown(*chunks) == ("The cat.\n\nDogs!" if first == "a" else "Dogs!\n\nThe cat.")


@pytest.mark.parametrize("place", ["node", ""])
def test_calls_of_one_node(place: str) -> None:
    """Side by side in one node, or in a chain, they are told apart by LangChain's own ids."""
    chunks = [of(place, said(text), f"lc_run--{call}") for call, text in ("1a", "2x", "1b", "2y")]
    ends = [of(place, NONE_LEFT, f"lc_run--{call}") for call in "12"]
    assert shown(*chunks, *ends) == "ab\n\nxy"
    plain = [message for message, _ in (*chunks, *ends)]
    assert shown(*plain) == "ab\n\nxy"


def test_the_first_is_shown_as_it_comes() -> None:
    """The other shows only signs of life, until the first is over."""
    reader = LangChainReader(one_call=False)
    assert reader.feed(of("a", said("1"))) == [Text("1")]
    assert reader.feed(of("b", said("2"))) == [Progress(1)]
    assert reader.feed(of("a", ended())) == [Text("\n\n2")]
    assert reader.feed(of("b", said("3"))) == [Text("3")]
    assert reader.feed(of("a", NONE_LEFT)) == [Progress(1)]
    assert reader.feed(of("b", ended("length"))) == []
    assert reader.finish() == [Finish("length")]


def test_all_that_waits_is_kept() -> None:
    """Reasoning, tool calls, usage and finish reason of each are its own."""
    usage = {"input_tokens": 2, "output_tokens": 1, "total_tokens": 3}
    thought = AIMessageChunk(content="", additional_kwargs={"reasoning_content": "Hm"})
    one, two = (said("", tool_call_chunks=[tool_call("look", "{}", id_)]) for id_ in "12")
    *events, finish = read(
        of("a", said("A")),
        of("b", thought),
        of("b", said("B")),
        of("b", two),
        of("a", one),
        of("b", ended("tool_calls", usage_metadata=usage)),
        of("a", ended("tool_calls", usage_metadata=usage)),
    )
    assert events == [
        Text("A"),
        Usage(2, 1),
        Reasoning("Hm"),
        Text("\n\nB"),
        Usage(4, 2),
    ]
    assert [call["id"] for call in finish.tool_calls] == ["1", "2"]
    assert finish.reason == "tool_calls"


def test_a_tool_of_another_node_ends_nothing() -> None:
    """It speaks while the first model still does; what it answered is no open call."""
    call = said("B", tool_call_chunks=[tool_call("look", "{}", "1")])
    answer = ToolMessage("found", tool_call_id="1")
    chunks = [
        of("a", said("1")),
        of("b|model", call),
        of("b|model", ended("tool_calls")),
        of("b|tools", answer, step=2),
        of("a", said("2")),
        of("b|model2", said("C"), step=3),
        of("a", ended()),
        of("b|model2", ended(), step=3),
    ]
    assert read(*chunks) == [Text("12\n\nB\n\nC"), Finish("stop")]


def test_a_call_that_never_says_its_end() -> None:
    """It is over when the graph has gone on to its next step."""
    reader = LangChainReader(one_call=False)
    assert reader.feed(of("a:1", said("One."), "run-1", step=1)) == [Text("One.")]
    assert reader.feed(of("b:2", said("Two."), "run-2", step=2)) == [Text("\n\nTwo.")]
    assert reader.feed(of("a:3", AIMessage("Three."), "x", step=2)) == [Progress(1)]
    assert reader.finish() == [Text("\n\nThree."), Finish("unknown")]


def test_what_waits_is_bounded() -> None:
    """Too much of it is an error, behind all that came."""
    reader = LangChainReader(one_call=False)
    reader.bound(8)
    reader.feed(of("a", said("1")))
    reader.feed(of("b", said("2345678")))
    *events, failed = reader.feed(of("b", said("90")))
    assert events == [Progress(1), Text("\n\n234567890")]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, LimitExceededError)
    assert "longer than 8 characters" in str(failed.error)


def test_where_a_message_was_made() -> None:
    """What is no metadata of LangGraph says nothing."""
    assert place_in(("messages", "text")) == place_in((said(""), {})) == ("", None)
    assert not place_in((said(""), {})).is_before(place_in((said(""), {})))
