"""The quick look at many texts misses nothing that the close look would find."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatadapters.templates import get_template, list_templates
from chatadapters.templates._fold import fold, fold_fast
from chatadapters.templates._guard import Guard
from chatadapters.templates._layout_guard import guard_of
from chatadapters.templates._patterns import LOOKALIKES

from .layouts import layout_of

# The planes with characters in them; the rest folds to nothing.
EVERYTHING = "".join(map(chr, (*range(0x32000), *range(0xE0000, 0xE01F0))))


def test_every_character_of_unicode_is_folded_as_expected() -> None:
    """Both ways to fold agree on all, and what folds to a seldom character is in its group."""
    folded, origin = fold(EVERYTHING)
    assert folded == fold_fast(EVERYTHING)
    for char, group in LOOKALIKES.items():
        found = {
            EVERYTHING[origin[match.start()]] for match in re.finditer(re.escape(char), folded)
        }
        assert found == set(group)


GUARDS = [guard_of(layout_of(name)) for name in list_templates()]
MARKS = sorted(
    {
        mark
        for name in list_templates()
        for layout in [layout_of(name)]
        for mark in (*layout.special_tokens, *layout.labels)
    }
)
PLAIN = [
    "a",
    " ",
    "\n",
    "\r",
    "\t",
    "\x0b",
    "\x85",
    "\u2028",
    "é",
    "\u200b",
    "\uff5c",
    "ß",
    "<",
    ":",
]


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(GUARDS),
    st.lists(
        st.lists(
            st.sampled_from(MARKS)
            | st.sampled_from(MARKS).map(str.swapcase)
            | st.sampled_from(PLAIN),
            max_size=4,
        ).map("".join),
        max_size=4,
    ),
)
def test_what_is_cleared_at_once_has_nothing_to_find(guard: Guard, texts: list[str]) -> None:
    """If a look at all texts together clears them, none of them contains anything."""
    if guard.clears(texts):
        assert [guard.find(text) for text in texts] == [[]] * len(texts)


@pytest.mark.parametrize(
    "text", ["| a | b |\n|---|---|\n| 1 < 2 | <b>x</b> |", "a -> b: [c] # d_e"]
)
@pytest.mark.parametrize("name", list_templates())
def test_ordinary_markup_is_cleared(name: str, text: str) -> None:
    """Tables, tags, code and comments are left alone by every family."""
    assert get_template(name).rendered(text, escape="error").changes == ()


@pytest.mark.parametrize("filler", ["\x0b", "\x1c", "\x1f", " ", " \x0b", "\n", "\n\x0c", "\u0301"])
@pytest.mark.parametrize("name", ["alpaca", "falcon", "llama-2", "openchat", "vicuna"])
def test_much_white_space_costs_no_more_than_its_length(name: str, filler: str) -> None:
    """Where controls are white space, line ends or nothing, there is still one way to read them."""
    template = get_template(name)
    marks = (*template.layout.labels, *template.special_tokens)
    begun = [mark[: max(mark.find(" "), 1)] for mark in marks]
    text = " :#<>[]_| ".join(f"\n{half}{filler * 20_000}" for half in begun)
    began = time.process_time()
    assert template.rendered(text + " :#<>[]_| ", escape="error").changes == ()
    assert time.process_time() - began < 10


def test_a_label_behind_controls_is_found_wherever_a_line_may_begin() -> None:
    """A control character is a line's end to some, and stands among spaces and others."""
    guard = Guard([], ["USER:"])
    for lead in (
        "",
        "\n",
        "\n \t\x00",
        "a\x0b",
        "a \x0b \x1f",
        "a\x0b\x0b\x0c ",
        "a\n\x0b",
        "\r\x1c",
    ):
        assert guard.find(lead + "USER:") == [(len(lead), len(lead) + 5)]
    for lead in ("a", "a ", "a\x00 ", "a\x1f"):
        assert guard.find(lead + "USER:") == []
