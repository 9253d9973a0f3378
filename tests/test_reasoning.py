"""The reasoning splitter against splitting the whole text, under every chunking."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatadapters._reasoning import TAGS, ReasoningSplitter
from tests.chunks import cut, every_chunking, in_pieces

SHORT = (("<t>", "</t>"), ("<tt>", "</tt>"), ("[", "]"))


def split(pieces, tags=TAGS, *, inside=False) -> tuple[str, str]:
    """Run a splitter over pieces; give all reasoning and all answer."""
    splitter = ReasoningSplitter(tags, inside=inside)
    found = [splitter.feed(piece) for piece in pieces]
    found.append(splitter.flush())
    for pairs in found:
        assert [kind for kind, _ in pairs] in ([], [True], [False], [True, False])
        assert all(text for _, text in pairs)
    pairs = [pair for some in found for pair in some]
    assert pairs == sorted(pairs, key=lambda pair: not pair[0]), "reasoning comes first"
    return tuple(
        "".join(text for kind, text in pairs if kind is wanted) for wanted in (True, False)
    )


def split_whole(text, tags, *, inside=False) -> tuple[str, str]:
    """Split a whole text."""
    begun = [(start, end) for start, end in tags if text.lstrip().startswith(start)]
    if begun:
        start, end = max(begun)
        text, ends = text.lstrip().removeprefix(start), [end]
    elif inside:
        ends = [end for _, end in tags]
    else:
        return "", text
    found = [(text.index(end), end) for end in ends if end in text]
    if not found:
        return text.lstrip(), ""
    at, end = min(found)
    return text[:at].lstrip(), text[at + len(end) :].lstrip()


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("<think>why</think>because", "why", "because"),
        ("<think>\nwhy\n</think>\n\nbecause\n", "why\n", "because\n"),
        (" \n<think>why</think>because", "why", "because"),
        ("<thinking>why</thinking>because", "why", "because"),
        ("<thought>why</thought>because", "why", "because"),
        ("◁think▷why◁/think▷because", "why", "because"),
        ("[THINK]why[/THINK]because", "why", "because"),
        ("<think>\n\n</think>\n\nbecause", "", "because"),
        ("<think></think>", "", ""),
        ("<think>why", "why", ""),
        ("<think>why</thin", "why</thin", ""),
        ("<think>why</thinking></think>because", "why</thinking>", "because"),
        ("<think>a<think>b</think>c</think>d", "a<think>b", "c</think>d"),
        ("<think>a</think><think>b</think>c", "a", "<think>b</think>c"),
        ("The tag <think> and </think> too", "", "The tag <think> and </think> too"),
        ("`<think>` is a tag", "", "`<think>` is a tag"),
        ("a</think>b", "", "a</think>b"),
        ("<think", "", "<think"),
        ("<thinker>x</think>", "", "<thinker>x</think>"),
        (" <i>x", "", " <i>x"),
        (" \n", "", " \n"),
        ("", "", ""),
    ],
)
def test_examples(text, reasoning, answer):
    """A reply is split the same whole, in words and character by character."""
    for size in (1, 2, 3, 5, 1000):
        assert split(in_pieces(text, size)) == (reasoning, answer)


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("why</think>\n\nbecause", "why", "because"),
        ("\nwhy</thinking>because", "why", "because"),
        ("<think>\nwhy</think>because", "why", "because"),
        ("</think>because", "", "because"),
        ("because, never closed", "because, never closed", ""),
        (" <", "<", ""),
        ("", "", ""),
    ],
)
def test_prompt_that_ended_inside_a_block(text, reasoning, answer):
    """With `inside`, a reply is reasoning until a closing tag."""
    for size in (1, 2, 3, 1000):
        assert split(in_pieces(text, size), inside=True) == (reasoning, answer)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(
    "text",
    [" <t> a</t> b", "<tt>a</t></tt>", "[a[b]] c", "<t></t> ", "<t<t>a]", "a]<t>b</t>", "\n"],
)
def test_every_chunking(text, inside):
    """No way to cut a reply changes what is reasoning."""
    expected = split_whole(text, SHORT, inside=inside)
    for pieces in every_chunking(text):
        assert split(pieces, SHORT, inside=inside) == expected, pieces


OVERLAPPING = (("<", ">"), ("<a", "a>"), ("<ab>", "b<"))


@given(
    text=st.text("<>/t[] \na\ud83d", max_size=40)
    | st.lists(st.sampled_from(["<t>", "</t>", "<tt>", "</tt>", " ", "x", "<", "]"])).map("".join),
    cuts=st.lists(st.integers(0, 60)),
    tags=st.sampled_from([SHORT, SHORT[:1], OVERLAPPING]),
    inside=st.booleans(),
)
@example(text="<a", cuts=[], tags=OVERLAPPING, inside=False)
@example(text="<ab", cuts=[], tags=OVERLAPPING, inside=False)
def test_any_reply(text, cuts, tags, inside):
    """Whatever the reply, the tags and the cuts, the whole text decides."""
    assert split(cut(text, cuts), tags, inside=inside) == split_whole(text, tags, inside=inside)


def test_text_is_held_only_while_it_may_be_a_tag():
    """Reasoning and answer show at once; only what may be a tag waits."""
    splitter = ReasoningSplitter()
    fed = ["<think>", "a", " b<", "/c", "</think>", "\n", "d", "<think>"]
    assert [splitter.feed(piece) for piece in fed] == [
        [],
        [(True, "a")],
        [(True, " b")],
        [(True, "</c")],
        [],
        [],
        [(False, "d")],
        [(False, "<think>")],
    ]


@pytest.mark.parametrize(
    ("pieces", "settled"),
    [
        ([], False),
        ([" \n"], False),
        (["<thi"], False),
        (["Hello"], True),
        (["<thi", "s"], True),
        (["<think>a"], False),
        (["<think>a</think>"], False),
        (["<think>a</think>", "\n"], False),
        (["<think>a</think>", "\n", "b"], True),
        (["<think>a</think>b"], True),
    ],
)
def test_settled_says_when_splitting_is_over(pieces, settled):
    """`settled` is true once all that follows is answer."""
    splitter = ReasoningSplitter()
    for piece in pieces:
        splitter.feed(piece)
    assert splitter.settled is settled


@pytest.mark.parametrize("size", [1, 7, 10**6])
@pytest.mark.parametrize(
    ("blank", "inside", "expected"),
    [
        (1000, False, ("a", "b")),
        (1000, True, ("a", "b")),
        (1001, False, ("", "\n" * 1001 + "<think>a</think>b")),
        (1001, True, ("<think>a", "b")),
    ],
)
def test_endless_white_space_is_not_held_for_ever(size, blank, inside, expected):
    """A tag counts after 1000 characters of white space and not after more."""
    text = "\n" * blank + "<think>a</think>b"
    assert split(in_pieces(text, size), inside=inside) == expected


def test_white_space_shows_once_no_tag_can_follow():
    """White space in front of the first text is held up to its limit and then shown."""
    splitter = ReasoningSplitter()
    assert splitter.feed("\n" * 1000) == []
    assert splitter.feed("\n") == [(False, "\n" * 1001)]


@pytest.mark.parametrize("size", [1, 1000, 10**6])
def test_reply_full_of_near_tags_takes_linear_time(size):
    """A long block of almost closing tags takes about a second."""
    text = "</think" * 30_000
    begin = time.process_time()
    assert split(in_pieces("<think>" + text + "</think>" + text, size)) == (text, text)
    assert time.process_time() - begin < 30
