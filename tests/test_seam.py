"""Where a continuation begins in the reply that broke: what is joined, what is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatadapters import Reasoning, Text
from chatadapters._attempt import Attempt, Rules
from chatadapters._backend import Reader
from chatadapters._events import Progress, ReaderEvent
from chatadapters._seam import START, Break, Join, SeamError


class Plain(Reader):
    """Gives what it is fed."""

    def feed(self, chunk: ReaderEvent) -> list[ReaderEvent]:
        return [chunk]


def broken(*events: ReaderEvent) -> Attempt:
    attempt = Attempt(Plain(), Rules())
    for event in events:
        attempt.feed(event)
    return attempt


def joined(point: Break, *deltas: str) -> str:
    """Feed a whole continuation and give the whole text."""
    join, text = Join(point), ""
    for number, delta in enumerate(deltas, 1):
        if (found := join.feed(delta)) is not None:
            return found + "".join(deltas[number:])
    return text + join.flush()


CUT = Break("The quick brown fox", " jum")


@pytest.mark.parametrize(
    ("raw", "point"),
    [
        ("One two thr", Break("One two", " thr")),
        ("One two ", Break("One", " two ")),
        ("One\n\ntwo", Break("One", "\n\ntwo")),
        (" One two", Break(" One", " two")),
        ("One", START),
        ("One ", START),
        (" ", START),
        ("", START),
    ],
)
def test_a_reply_is_cut_before_its_last_word(raw: str, point: Break) -> None:
    """The last word has to come again, and a single one is not continued."""
    assert broken(Text(raw)).resume_point() == point
    assert point == START or point.prefix + point.tail == raw


@pytest.mark.parametrize("other", [Reasoning("Hm."), Progress(7)])
def test_what_is_not_text_alone_is_not_continued(other: ReaderEvent) -> None:
    """Reasoning and calls of tools cannot be put back into a prompt."""
    assert broken(Text("One two three")).resume_point() != START
    assert broken(Text("One two three"), other).resume_point() == START
    assert broken(other, Text("One two three")).resume_point() == START


@pytest.mark.parametrize(
    "said",
    [
        " jumps over",
        "jumps over",  # too little to be sure of, see below
        "The quick brown fox jumps over",
        "brown fox jumps over",
        "x jumps over",  # too little as well
        "own fox jumps over",
    ],
)
def test_a_continuation_is_joined_once(said: str) -> None:
    """Whether a server goes on, begins anew or repeats the end: no word is lost or doubled."""
    for deltas in ([said], list(said)):
        try:
            assert joined(CUT, *deltas) == "The quick brown fox jumps over"
        except SeamError:
            assert said[:2] in ("ju", "x ")


@pytest.mark.parametrize(
    "said",
    ["", " j", " leaps", "Jumps over", "Hello!", "The quick brown", "The quick brown cat jumps"],
)
def test_what_does_not_fit_is_not_joined(said: str) -> None:
    """An answer of its own, another word, an end before the word: only a restart can help."""
    for deltas in ([said], list(said)):
        with pytest.raises(SeamError):
            joined(CUT, *deltas)


def test_white_space_that_a_server_leaves_out_is_put_back() -> None:
    """The white space behind the prefix is remembered."""
    point = Break("Two paragraphs.", "\n\nNevertheless")
    assert joined(point, "Nevertheless,") == "Two paragraphs.\n\nNevertheless,"


def test_what_fits_twice_is_not_joined() -> None:
    """Said again or repeated, nobody can tell."""
    with pytest.raises(SeamError):
        joined(Break("I like the cat and", " the"), " the cat and the dog")
    with pytest.raises(SeamError):
        joined(Break("ha ha ha", " ha"), *[" ha"] * 9)


def test_an_answer_that_begins_again_is_not_joined() -> None:
    """A reply that repeats its own beginning may have been begun anew."""
    point = Break("A long line.\nA long", " line.")
    for said in ("A long line.", "A long line. And more."):
        with pytest.raises(SeamError):
            joined(point, said)
    with pytest.raises(SeamError):
        joined(Break(" yes and", " yes"), " yes, of course")


def test_a_word_that_stands_at_the_beginning_too_is_no_echo() -> None:
    """What is said after the seam may repeat anything."""
    text = "The quick brown fox jumps. The quick brown fox"
    assert joined(CUT, " jumps.", " The quick", " brown fox") == text


def test_the_work_is_linear_in_a_reply_that_repeats_itself() -> None:
    """A long overlap is looked for in the last characters only."""
    point = Break("ab " * 100_000 + "ab", " cd")
    join = Join(point)
    with pytest.raises(SeamError):
        for _ in range(200_000):
            join.feed("ab ")


WORDS = st.lists(st.text("ab", min_size=1, max_size=3), min_size=2, max_size=12)


def servers(prefix: str, rest: str, overlap: int) -> Iterator[str]:
    yield rest
    yield prefix + rest
    yield prefix[len(prefix) - overlap :] + rest
    yield rest.lstrip()


@settings(max_examples=300, deadline=None)
@given(WORDS, st.data())
def test_no_server_makes_a_text_wrong(words: list[str], data: st.DataObject) -> None:
    """Whatever a server repeats, the text is exact or there is none."""
    text = " ".join(words)
    cut = data.draw(st.integers(0, len(text)))
    point = broken(Text(text[:cut])).resume_point() if cut else START
    if point == START:
        return
    rest = text[len(point.prefix) :]
    overlap = data.draw(st.integers(1, len(point.prefix)))
    for said in servers(point.prefix, rest, overlap):
        size = data.draw(st.integers(1, max(1, len(said))))
        try:
            found = joined(point, *(said[at : at + size] for at in range(0, len(said), size)))
        except SeamError:
            continue
        assert found == text
