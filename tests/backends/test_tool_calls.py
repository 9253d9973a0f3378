"""Tool calls: put together from the pieces in which each server's stream brings them."""

from __future__ import annotations

from typing import Any

import pytest

from chatadapters._events import Progress
from chatadapters.backends._openai_chat import ChatReader
from tests.backends.reading import (
    called,
    delta,
    end,
    read,
    stream,
    tool,
)


def calls(*chunks: Any) -> Any:
    *_, finish = read(ChatReader(), stream(*chunks, end("tool_calls")))
    assert finish.reason == "tool_calls"
    return finish.tool_calls


def test_tool_calls_are_put_together_by_index() -> None:
    """Pieces of two calls may come in turns."""
    found = calls(
        tool(index=0, id="a", type="function", function={"name": "add", "arguments": ""}),
        tool(index=1, id="b", type="function", function={"name": "sub", "arguments": '{"x"'}),
        tool(index=0, function={"arguments": '{"y":'}),
        tool(index=1, function={"arguments": ":1}"}),
        tool(index=0, function={"arguments": "2}"}),
    )
    assert found == (called("a", "add", '{"y":2}'), called("b", "sub", '{"x":1}'))


@pytest.mark.parametrize("index", [{}, {"index": 0}, {"index": None}])
def test_a_new_id_is_a_new_call(index: dict[str, Any]) -> None:
    """Servers that number every call 0, or none, are read by their ids."""
    found = calls(
        tool(**index, id="a", function={"name": "add", "arguments": '{"x"'}),
        tool(**index, function={"arguments": ":1}"}),
        tool(**index, id="b", function={"name": "add", "arguments": "{}"}),
    )
    assert found == (called("a", "add", '{"x":1}'), called("b", "add", "{}"))


@pytest.mark.parametrize("id_", [{}, {"id": ""}, {"id": None}])
@pytest.mark.parametrize("index", [{}, {"index": 0}])
@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("name", ["add", "sub"])
def test_another_whole_call_is_a_new_call(
    id_: dict[str, Any], index: dict[str, Any], apart: bool, name: str
) -> None:
    """Gemini's calls at once may have neither number nor id, in one chunk or two."""
    pieces = [
        {**index, **id_, "function": {"name": each, "arguments": arguments}}
        for each, arguments in (("add", '{"x": 1}'), (name, '{"y": 2}'))
    ]
    found = calls(*(tool(**each) for each in pieces)) if apart else calls(delta(tool_calls=pieces))
    given_id = id_.get("id")
    assert found == (called(given_id, "add", '{"x": 1}'), called(given_id, name, '{"y": 2}'))


def test_pieces_that_begin_with_a_brace_are_of_one_call() -> None:
    """What came before them is not whole."""
    pieces = [{"name": "f", "arguments": '{"a":'}, {"arguments": '{"b":'}, {"arguments": "{}}}"}]
    found = calls(*(tool(index=0, function=piece) for piece in pieces))
    assert found == (called(None, "f", '{"a":{"b":{}}}'),)


def test_a_repeated_id_and_name_are_the_same_call() -> None:
    """Some servers say both in every piece."""
    found = calls(
        tool(index=0, id="a", function={"name": "add", "arguments": "{"}),
        tool(index=0, id="a", function={"name": "add", "arguments": "}"}),
    )
    assert found == (called("a", "add", "{}"),)


def test_arguments_may_be_an_object() -> None:
    """Arguments that come as JSON instead of a string are written as a string."""
    found = calls(tool(index=0, id="a", function={"name": "say", "arguments": {"word": "Grüße"}}))
    assert found == (called("a", "say", '{"word": "Grüße"}'),)


def test_calls_of_an_older_tgi() -> None:
    """TGI before 3.1 streams one call as an object, with an empty id, and no list."""
    pieces = [{"name": "add", "arguments": '{"x"'}, {"name": None, "arguments": ":1}"}]
    found = calls(
        *(delta(tool_calls={"index": 0, "id": "", "function": piece}) for piece in pieces)
    )
    assert found == (called("", "add", '{"x":1}'),)


def test_an_id_may_be_a_number() -> None:
    """It is given as text, as in OpenAI's own form, also when it is 0."""
    found = calls(
        tool(index=0, id=0, function={"name": "add", "arguments": "{"}),
        tool(index=0, id=0, function={"arguments": "}"}),
        tool(index=1, id=5, function={"name": "sub", "arguments": "{}"}),
    )
    assert found == (called("0", "add", "{}"), called("5", "sub", "{}"))


def test_halves_of_characters_in_arguments() -> None:
    """A pair that was cut between two pieces joins, a half alone becomes U+FFFD."""
    found = calls(
        tool(index=0, id="a", function={"name": "say", "arguments": '"\ud83d'}),
        tool(index=0, function={"arguments": '\ude00 \ud83d"'}),
    )
    assert found == (called("a", "say", '"😀 \ufffd"'),)


def test_the_old_function_call_is_read() -> None:
    """Servers that still send `function_call` are understood."""
    found = calls(
        delta(function_call={"name": "add", "arguments": "{"}),
        delta(function_call={"arguments": "}"}),
    )
    assert found == (called(None, "add", "{}"),)


def test_tool_calls_make_the_reason() -> None:
    """A server that says `stop` after tool calls means them."""
    whole = {"name": "f", "arguments": "{}"}
    *_, finish = read(ChatReader(), stream(tool(index=0, id="a", function=whole), end("stop")))
    assert finish.reason == "tool_calls"


def test_a_growing_tool_call_is_progress() -> None:
    """Its pieces are content, so that nobody takes the stream for stalled."""
    reader = ChatReader()
    first = {"name": "f", "arguments": "{}"}
    block = stream(
        tool(index=0, id="a", function=first), tool(index=0, function={"arguments": "x"})
    )
    assert reader.feed(block) == [Progress(3)]
