"""Servers that send all text so far in each chunk, against the protocol."""

from __future__ import annotations

import json
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatadapters import (
    Finish,
    MalformedStreamError,
    Reasoning,
    Retry,
    Text,
    openai_predict,
)
from chatadapters.backends._openai_chat import ChatReader
from tests.backends.reading import read, stream
from tests.backends.served import Served, answer
from tests.both import Run
from tests.chunks import cut


def delta(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": None}]}


END = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def said(*deltas: dict[str, Any]) -> list[Any]:
    *events, _ = read(ChatReader(cumulative=True), stream(*(delta(**each) for each in deltas), END))
    return events


def so_far(text: str, cuts: list[int]) -> list[str]:
    """Cut a text into the units of UTF-16, and give for each piece all text up to there."""
    units = text.encode("utf-16-le", "surrogatepass")
    pieces = cut(units, [2 * at for at in cuts])
    return [piece.decode("utf-16-le", "surrogatepass") for piece in accumulate(pieces)]


@given(text=st.text(st.sampled_from("aé😀\n<"), max_size=12), cuts=st.lists(st.integers(0, 24)))
def test_a_character_that_has_not_come_whole_is_waited_for(text: str, cuts: list[int]) -> None:
    """Cut between the halves of a pair, the text so far ends in one of them."""
    wanted = [Text(text)] if text else []
    assert said(*({"content": piece} for piece in so_far(text, cuts))) == wanted


@given(text=st.text(st.sampled_from("aé😀\n"), max_size=12), cuts=st.lists(st.integers(0, 48)))
def test_a_character_may_be_replaced_by_the_next_piece(text: str, cuts: list[int]) -> None:
    """Bytes that are no whole character yet are U+FFFD for a while, as in FastChat."""
    pieces = accumulate(cut(text.encode(), cuts))
    texts = [piece.decode(errors="replace") for piece in pieces]
    assert said(*({"content": piece} for piece in texts)) == ([Text(text)] if text else [])


def test_a_replaced_character_at_the_end_is_shown() -> None:
    """A text that ends with it has come whole when the reply has."""
    assert said({"content": "Hi"}, {"content": "Hi\ufffd"}) == [Text("Hi\ufffd")]
    texts = said({"reasoning": "Hm\ufffd"}, {"content": "A"}, {"reasoning": "Hm\ufffd"})
    assert texts == [Reasoning("Hm\ufffd"), Text("A")]


def test_blocks_are_one_text() -> None:
    """Content as a list of blocks repeats what all its blocks said."""
    blocks = [[{"type": "text", "text": text} for text in each] for each in (["H"], ["H", "i"])]
    assert said(*({"content": each} for each in blocks)) == [Text("Hi")]


def test_the_arguments_of_a_call_are_repeated_too() -> None:
    """They are what came last, whole."""
    texts = ('{"a', '{"a": 1', '{"a": 1', '{"a": 1}')
    functions = [{"name": "f", "arguments": text} for text in texts]
    calls = [delta(tool_calls=[{"index": 0, "id": "x", "function": each}]) for each in functions]
    *_, finish = read(ChatReader(cumulative=True), stream(*calls, END))
    assert [call["function"] for call in finish.tool_calls] == functions[-1:]


def test_a_server_that_repeats_its_text_unasked_is_named(run: Run) -> None:
    """Its reply would be doubled many times over; another attempt would be no other."""
    pieces = [stream(delta(content=text)) for text in accumulate("Hello you")]
    with Served([answer(*pieces, stream(END))]) as server:
        predict = openai_predict("m", base_url=server.url)
        with pytest.raises(MalformedStreamError, match="set cumulative=True"):
            run(predict, "events", "Hi")
        assert len(server.requests) == 1
        assert run(predict.using(cumulative=True), "predict", "Hi")[-1] == "Hello you"


@pytest.mark.parametrize(
    "pieces", [accumulate("-" * 9), accumulate(["ha"] * 9), ["a", "ab", "abc", "abcd", "e"]]
)
def test_a_text_that_grows_for_a_while_is_a_text(pieces: Any) -> None:
    """Rows of one character come in longer and longer pieces, and words may be alike."""
    texts = [*pieces]
    events = read(ChatReader(), stream(*(delta(content=text) for text in texts), END))
    assert events == [Text("".join(texts)), Finish("stop")]


def test_a_break_within_a_character_is_mended(run: Run) -> None:
    """What stood for the character is not shown before it has come, so nothing is taken back."""
    broken = b"".join(stream(delta(content=text)) for text in ("Hi", "Hi \ufffd"))
    error = b'data: {"error": {"message": "m", "code": 503}}\n\n'
    whole = stream(delta(content="Hi 😀"), END)
    with Served([answer(broken, error), answer(whole)]) as server:
        predict = openai_predict(
            "m", base_url=server.url, cumulative=True, pace=0, retry=Retry(wait=0)
        )
        assert "".join(run(predict, "deltas", "Hi")) == "Hi 😀"


@pytest.mark.parametrize("broken", [b'data: {"error": {"message": "m", "code": 503}}\n\n', b""])
def test_half_a_character_is_not_shown_before_a_break(run: Run, broken: bytes) -> None:
    """Nor is it where the server sends what is new: the next attempt has the character."""
    half = json.dumps(delta(content="Hi \ud83d")).encode()
    whole = stream(delta(content="Hi 😀"), END)
    with Served([answer(b"data: " + half + b"\n\n" + broken), answer(whole)]) as server:
        predict = openai_predict("m", base_url=server.url, pace=0, retry=Retry(wait=0))
        assert "".join(run(predict, "deltas", "Hi")) == "Hi 😀"


def test_half_a_character_at_the_end_is_shown(run: Run) -> None:
    """Where the end of the body is the end of the reply, nothing else comes in its place."""
    half = json.dumps(delta(content="Hi \ud83d")).encode()
    with Served([answer(b"data: " + half + b"\n\n")]) as server:
        predict = openai_predict("m", base_url=server.url, ends_with="close")
        assert run(predict, "predict", "Hi")[-1] == "Hi \ufffd"
