"""How answers are broken at the width of a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatadapters._wrap import Wrap, cells_of

TEXTS = st.text(alphabet="ab c\n\t漢字é\u0301", max_size=60)


def wrapped(text: str, columns: int, size: int = 10**9) -> str:
    """Wrap a text that comes in pieces of a size."""
    wrap = Wrap()
    pieces = [text[i : i + size] for i in range(0, len(text), size)]
    return "".join(wrap.feed(piece, columns) for piece in pieces) + wrap.finish(columns)


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("one two three", 8, ["one two", "three"]),
        ("one two three", 7, ["one two", "three"]),
        ("one two three", 6, ["one", "two", "three"]),
        ("  one two", 6, ["  one", "two"]),
        ("a\n\n  b c", 3, ["a", "", "  b", "c"]),
        ("漢字漢字 ab", 5, ["漢字", "漢字", "ab"]),
        ("e\u0301e\u0301 e\u0301e\u0301", 4, ["e\u0301e\u0301", "e\u0301e\u0301"]),
        ("\u0301 aaa", 3, ["\u0301", "aaa"]),
        ("see http://example.org/a now", 10, ["see", "http://example.org/a", "now"]),
        ("see http://a.org/b now", 10, ["see", "http://a.org/b now"]),
        ("a\tb", 8, ["a", "b"]),
        ("one two", 0, ["one two"]),
        ("漢字", 1, ["漢", "字"]),
    ],
)
def test_lines_break_between_words(text: str, columns: int, lines: list[str]) -> None:
    """Words stay whole where a line can hold them, wide characters need no space between them."""
    assert wrapped(text, columns).split("\n") == lines


@given(TEXTS, st.integers(0, 9), st.integers(1, 9))
def test_pieces_do_not_matter(text: str, columns: int, size: int) -> None:
    """However a text comes, it is broken at the same places."""
    assert wrapped(text, columns, size) == wrapped(text, columns)


@given(TEXTS, st.integers(2, 9))
def test_nothing_is_lost_and_lines_fit(text: str, columns: int) -> None:
    """Only spaces are, at the ends of lines; a line is too long only where one word is."""
    found = wrapped(text, columns)
    assert "".join(found.split()) == "".join(text.split())
    for line in found.split("\n"):
        if not line[:1].isspace() and "\t" not in line and sum(map(cells_of, line)) > columns:
            longest = max(sum(map(cells_of, word)) for word in line.split())
            assert longest > columns or len(line.split()) == 1


def test_a_word_comes_once_it_has_ended() -> None:
    """What fits is not held back longer, and a word without an end is not held back for ever."""
    wrap = Wrap()
    assert wrap.feed("one tw", 9) == "one"
    assert wrap.feed("o ", 9) == " two"
    assert wrap.feed("x" * 10, 9) == "\n" + "x" * 10
    assert wrap.feed("x", 9) == "x"
