"""Control tokens at the end of an answer are dropped, and no others."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatadapters import (
    Finish,
    Text,
)
from chatadapters.backends._leaks import LeakFilter
from chatadapters.backends._openai_chat import ChatReader
from tests.backends.reading import (
    delta,
    end,
    read,
    stream,
)
from tests.chunks import in_pieces

LEAKY = ["It is <b>", " here.<|im", "_end|>", "<|im_start|>"]


def test_control_tokens_at_the_end_are_dropped() -> None:
    """What a server leaks of its template is no part of the answer."""
    body = stream(*(delta(content=text) for text in LEAKY), end())
    for blocks in ([body], in_pieces(body, 30)):
        assert read(ChatReader(leaks=True), *blocks) == [Text("It is <b> here."), Finish("stop")]
    assert read(ChatReader(), body) == [Text("".join(LEAKY)), Finish("stop")]


@pytest.mark.parametrize("text", ["ChatML has <|im_end|>, see?", "a <", "a <|im_e", "<|im_end|> a"])
def test_a_text_about_control_tokens_stays_whole(text: str) -> None:
    """Only whole tokens at the very end are dropped."""
    body = stream(*(delta(content=char) for char in text), end())
    assert read(ChatReader(leaks=True), body) == [Text(text), Finish("stop")]


@pytest.mark.parametrize("token", ["<|endoftext|>", "</s>", "</s><|im_end|>"])
def test_a_long_run_of_control_tokens_is_dropped(token: str) -> None:
    """Whether it comes at once, token by token or in pieces, however long it is."""
    leaked = "Hi." + token * 400
    for size in (1, 7, len(token), len(leaked)):
        leaks = LeakFilter()
        shown = [leaks.feed(leaked[at : at + size]) for at in range(0, len(leaked), size)]
        assert "".join(shown) + leaks.flush() == "Hi."


def test_a_run_of_one_control_token_is_held_as_a_count() -> None:
    """So a server that sends one for ever takes no memory."""
    leaks = LeakFilter()
    for _ in range(10_000):
        assert leaks.feed("</s>") == ""
    assert leaks._run == [("</s>", 10_000)]
    assert leaks.feed(" and so on") == "</s>" * 10_000 + " and so on"


def test_a_run_of_many_control_tokens_is_shown_in_the_end() -> None:
    """What cannot be counted is not held for ever, and no part of it is lost."""
    leaks = LeakFilter()
    text = "</s><|im_end|>" * 10_000 + "."
    shown = "".join(map(leaks.feed, text))
    assert shown + leaks.flush() == text


@given(st.lists(st.sampled_from(["</s>", "<|im_end|>", "</", "<", "|>", "a", "s>"]), max_size=12))
def test_only_the_end_is_filtered(pieces: list[str]) -> None:
    """Whole tokens at the very end go, and nothing else, wherever the text is cut."""
    text, leaks = "".join(pieces), LeakFilter()
    shown = "".join(map(leaks.feed, pieces)) + leaks.flush()
    assert shown == re.sub(r"(?:</s>|<\|im_end\|>)+\Z", "", text)
