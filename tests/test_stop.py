"""The stop and token filters against cutting the whole text, under every chunking."""

from __future__ import annotations

import re
import time
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatadapters._errors import OptionError
from chatadapters._stop import StopFilter, TokenFilter
from tests.chunks import cut, every_chunking, in_pieces


def stopped(stops, pieces) -> tuple[str, str | None]:
    """Run a stop filter over pieces; give all it shows and the stop it found."""
    stop = StopFilter(stops)
    shown = "".join([stop.feed(piece) for piece in pieces])
    return shown + stop.flush(), stop.stopped


def cut_at_first(stops, text) -> str:
    """Cut a whole text at the earliest stop."""
    return text[: min((text.index(stop) for stop in stops if stop in text), default=len(text))]


def cleaned(tokens, pieces) -> str:
    """Run a token filter over pieces."""
    tokens = TokenFilter(tokens)
    return "".join([tokens.feed(piece) for piece in pieces]) + tokens.flush()


def without(tokens, text) -> str:
    """Remove tokens from a whole text, one pass, the longest first."""
    done, shown = 0, []
    while done < len(text):
        token = max((t for t in tokens if text.startswith(t, done)), key=len, default="")
        shown.append("" if token else text[done])
        done += len(token) or 1
    return "".join(shown)


WORDS = [
    ("ab",),
    ("aab",),
    ("aba", "ab"),
    ("b", "abc"),
    ("b", "bc", "abcd"),
    ("abcd", "bc", "c"),
    ("aaa", "ab", "ba"),
    ("abab", "bb", "baa"),
    ("a",),
    (),
]
ALPHABET = {words: sorted(set("".join(words)) | {"x"})[:4] for words in WORDS}


@pytest.mark.parametrize("words", WORDS, ids="-".join)
def test_every_text_and_chunking(words):
    """For all texts of up to six letters and all ways to cut them, the whole text decides."""
    for letters in product(ALPHABET[words], repeat=6 if len(ALPHABET[words]) < 4 else 5):
        text = "".join(letters)
        shown, clean = cut_at_first(words, text), without(words, text)
        for pieces in every_chunking(text):
            got, stop = stopped(words, pieces)
            assert (got, stop is not None) == (shown, shown != text), pieces
            assert stop is None or text.startswith(stop, len(shown)), pieces
            assert cleaned(words, pieces) == clean, pieces


TEXTS = st.text("ab<|>", max_size=60)
SETS = st.lists(st.text("ab<|>", min_size=1, max_size=8), max_size=5)
CUTS = st.lists(st.integers(0, 60))


@given(text=TEXTS, words=SETS, cuts=CUTS)
def test_any_text_and_words(text, words, cuts):
    """Whatever text, words and cuts, the whole text decides."""
    pieces = cut(text, cuts)
    assert stopped(words, pieces)[0] == cut_at_first(words, text)
    assert cleaned(words, pieces) == without(words, text)


@given(text=TEXTS, stops=SETS, cuts=CUTS)
def test_nothing_is_shown_too_soon_or_too_late(text, stops, cuts):
    """What is shown is right whatever follows, and what is held may still become a stop."""
    stop, shown, fed = StopFilter(stops), "", ""
    for piece in cut(text, cuts):
        fed += piece
        shown += stop.feed(piece)
        assert cut_at_first(stops, fed).startswith(shown)
        held = fed[len(shown) :]
        assert stop.stopped or not held or any(word.startswith(held) for word in stops)


@given(text=TEXTS, tokens=SETS, cuts=CUTS)
def test_tokens_are_held_only_while_they_may_grow(text, tokens, cuts):
    """The token filter holds back nothing but the beginning of a token."""
    clean, shown, fed = TokenFilter(tokens), "", ""
    for piece in cut(text, cuts):
        fed += piece
        shown += clean.feed(piece)
        held = max(
            (w[:n] for w in tokens for n in range(len(w)) if fed.endswith(w[:n])),
            key=len,
            default="",
        )
        assert len(without(tokens, fed)) <= len(shown) + len(held)


@given(text=TEXTS, stops=SETS, cuts=CUTS)
def test_rest_is_what_followed_the_stop(text, stops, cuts):
    """Shown text, stop, rest and the pieces never fed make the whole text."""
    stop, shown = StopFilter(stops), ""
    pieces = iter(cut(text, cuts))
    for piece in pieces:
        shown += stop.feed(piece)
        if stop.stopped:
            break
    shown += stop.flush()
    assert shown + (stop.stopped or "") + stop.rest + "".join(pieces) == text


def test_stop_swallows_all_that_follows():
    """After a stop nothing is shown any more."""
    stop = StopFilter(["\nUser:"])
    assert [stop.feed(piece) for piece in ("Hi\nUser", ": x", " y")] == ["Hi", "", ""]
    assert (stop.flush(), stop.stopped, stop.rest) == ("", "\nUser:", " x")


def test_shorter_stop_waits_for_a_longer_one_that_begins_earlier():
    """With "b" and "abc", "ab" is cut at one or the other, depending on what follows."""
    assert stopped(["b", "abc"], ["xab", "c"]) == ("x", "abc")
    assert stopped(["b", "abc"], ["xab", "x"]) == ("xa", "b")
    assert stopped(["b", "abc"], ["xab"]) == ("xa", "b")


def test_a_stop_that_is_sure_does_not_wait():
    """A stop counts with its last character, also when a longer one begins at the same place."""
    stop = StopFilter(["ab", "abc"])
    assert (stop.feed("xab"), stop.stopped) == ("x", "ab")


def test_flush_gives_held_text_once():
    """What is held back is given once."""
    stop, tokens = StopFilter("ab"), TokenFilter("ab")
    assert [stop.feed("xa"), stop.flush(), stop.flush(), stop.stopped] == ["x", "a", "", None]
    assert [tokens.feed("xa"), tokens.flush(), tokens.flush()] == ["x", "a", ""]


def test_longest_token_goes_first():
    """Of two tokens that begin together the longer one is removed."""
    tokens = ["<|end|>", "<|end|>\n"]
    assert cleaned(tokens, ["a<|end|>", "\nb"]) == "ab"
    assert cleaned(tokens, ["a<|end|>", "b"]) == "ab"
    assert cleaned(tokens, ["a<|end|>"]) == "a"


def test_removed_token_does_not_make_another():
    """What a removed token leaves together is not searched again."""
    assert cleaned(["<s>"], in_pieces("<<s>s>", 1)) == "<s>"


@pytest.mark.parametrize("kind", [StopFilter, TokenFilter])
@pytest.mark.parametrize("words", [[""], "", ["a", ""], [None], [1], b"ab"])
def test_words_that_cannot_be_found_are_refused(kind, words):
    """An empty word, or one that is no string, is an error that shows it."""
    with pytest.raises(OptionError, match=re.escape(repr(words))):
        kind(words)


@pytest.mark.parametrize("special", ["]", "^", "\\", "-", "[", "|", ".", "\n", "◁", "😀"])
def test_every_character_stands_for_itself(special):
    """Characters with a meaning in patterns have none in words."""
    word = special + "e" + special
    assert stopped([word, "zz"], in_pieces(f"a.b{word}c", 1)) == ("a.b", word)
    assert cleaned([word, "zz"], in_pieces(f"a.b{word}c", 1)) == "a.bc"


@pytest.mark.parametrize("size", [1, 1000, 10**6])
def test_long_stop_and_repetitive_text_take_linear_time(size):
    """A text that almost matches a long stop everywhere takes about a second, not hours."""
    stops = ["a" * 20_000 + "b", "a" * 5000 + "c", "ac" * 5000]
    pieces = in_pieces("a" * 300_000 + "c" + "a" * 300_000, size)
    begin = time.process_time()
    shown, stop = stopped(stops, pieces)
    assert (len(shown), stop) == (295_000, stops[1])
    assert time.process_time() - begin < 30


@pytest.mark.parametrize("size", [1, 1000, 10**6])
def test_many_tokens_and_repetitive_text_take_linear_time(size):
    """A text full of beginnings of 256 tokens takes about a second."""
    tokens = [f"<|reserved_special_token_{number}|>" for number in range(256)]
    text = "<|reserved_special_token_<" * 10_000
    begin = time.process_time()
    assert cleaned(tokens, in_pieces(text, size)) == text
    assert time.process_time() - begin < 30
