"""How much of a history is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatadapters._errors import HistoryError
from chatadapters._events import Trimmed
from chatadapters._parts import Message, TextPart
from chatadapters._policies import Window
from chatadapters._window import estimate, fit

PAST = [
    Message("system", "S"),
    Message("user", "one"),
    Message("assistant", "first"),
    Message("user", "two"),
    Message("assistant", "second"),
    Message("user", "three"),
]


def test_turns_keeps_the_newest_and_the_system_text() -> None:
    """Whole turns go, the oldest first; the system text and the last message stay."""
    kept, trimmed = fit(PAST, Window(turns=2))
    assert kept == [PAST[0], *PAST[3:]]
    assert trimmed == Trimmed(messages=2, tokens=None)


def test_what_fits_is_left_alone() -> None:
    """Nothing is reported when nothing was left out."""
    assert fit(PAST, Window(turns=3, tokens=1000)) == (PAST, None)


def test_tokens_counts_with_the_given_counter() -> None:
    """The counter of the caller decides; the event says how many tokens are left."""
    kept, trimmed = fit(PAST, Window(tokens=4, count=lambda text: len(text.split())))
    assert kept == [PAST[0], *PAST[3:]]
    assert trimmed == Trimmed(messages=2, tokens=4)


def test_a_last_message_that_is_too_long_is_an_error() -> None:
    """It says what to do."""
    with pytest.raises(HistoryError, match=r"have 6 tokens, the window has 3"):
        fit([Message("user", "x" * 24)], Window(tokens=3))


def test_a_last_message_can_be_truncated() -> None:
    """Its beginning is kept, and the event says so even when no message was left out."""
    kept, trimmed = fit([Message("user", "x" * 24)], Window(tokens=3, too_long="truncate"))
    assert kept == [Message("user", "x" * 12)]
    assert trimmed == Trimmed(messages=0, tokens=3)


def test_parts_are_counted_by_their_text() -> None:
    """A message of parts costs what its text parts cost."""
    last = Message("user", (TextPart("y" * 8), TextPart("z" * 8)))
    kept, trimmed = fit([*PAST[:3], last], Window(tokens=5))
    assert kept == [PAST[0], last]
    assert trimmed == Trimmed(messages=2, tokens=5)


def test_the_estimate_counts_bytes() -> None:
    """Four bytes of UTF-8 are a token, rounded up."""
    assert [estimate(text) for text in ("", "a", "abcd", "abcde", "日本")] == [0, 1, 1, 2, 2]


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.text(max_size=9))))
def test_the_kept_messages_are_always_an_ordered_tail(pairs: list[tuple[str, str]]) -> None:
    """Whatever the history, what is kept is its system text and a tail of the rest."""
    messages = [Message("system", "S"), *(Message(*pair) for pair in pairs), Message("user", "?")]
    kept, trimmed = fit(messages, Window(turns=2))
    assert kept[0] == messages[0]
    assert kept[1:] == messages[len(messages) - len(kept) + 1 :]
    assert (trimmed.messages if trimmed else 0) == len(messages) - len(kept)
