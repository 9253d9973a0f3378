"""The rules of normalize: what is dropped, merged and kept, and in which order."""

from __future__ import annotations

import time
from copy import deepcopy
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatadapters import (
    HistoryError,
    ImagePart,
    Message,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    normalize,
)
from chatadapters._content import repaired
from chatadapters._conversation import read_conversation
from chatadapters._errors import OptionError

IMAGE = ImagePart("data:image/png;base64,iVBORw0KGgo=", "px.png")


def assistant(content: Any, **more: Any) -> dict[str, Any]:
    """Give an entry of the assistant's."""
    return {"role": "assistant", "content": content, **more}


def user(content: Any, **more: Any) -> dict[str, Any]:
    """Give an entry of the user's."""
    return {"role": "user", "content": content, **more}


def test_a_message_alone_is_a_conversation() -> None:
    """No history is None, or an empty list or tuple."""
    for history in (None, [], ()):
        assert normalize("hi", history) == [("user", "hi")]


def test_thoughts_are_dropped() -> None:
    """An assistant's entry with a title is shown by Gradio, and sent to nobody."""
    thought = assistant("why", metadata={"title": "Thinking", "status": "done"}, options=[])
    answer = assistant("answer", metadata={}, options=[])
    untitled = assistant("more", metadata={"title": None})
    history = [user("hi"), thought, answer, untitled]
    assert normalize("q", history)[1] == ("assistant", "answer\n\nmore")


def test_a_users_entry_is_never_taken_for_a_thought() -> None:
    """Only the assistant thinks."""
    assert normalize("q", [user("hi", metadata={"title": "x"})]) == [("user", "hi\n\nq")]


def test_unknown_keys_are_not_sent() -> None:
    """Only role and content reach a provider."""
    history = [
        user("hi", options=[{"value": "x"}], id="1", name="Ann"),
        assistant("Hello", score=1),
    ]
    assert normalize("q", history)[:2] == [("user", "hi"), ("assistant", "Hello")]


@pytest.mark.parametrize(
    "tail",
    [
        [],
        [assistant("")],
        [assistant(None)],
        [assistant([])],
        [user("q")],
        [user("q"), assistant("")],
        [user([{"type": "text", "text": "q"}]), assistant("", metadata={"title": None})],
        [user("q"), assistant("why", metadata={"title": "Thinking"}), assistant("")],
        [["q", None]],
        [["q", ""]],
    ],
)
def test_the_tail_that_a_ui_adds_is_dropped(tail: list[Any]) -> None:
    """First an empty assistant goes, then a copy of the current message."""
    assert normalize("q", [["hi", "Hello"], *tail]) == [
        ("user", "hi"),
        ("assistant", "Hello"),
        ("user", "q"),
    ]


def test_an_earlier_copy_of_the_message_stays() -> None:
    """Only what stands at the end is a copy: asking twice is asking twice."""
    assert normalize("q", [["q", "a"]]) == [("user", "q"), ("assistant", "a"), ("user", "q")]


def test_the_copy_with_the_files_is_kept() -> None:
    """Of two that differ in their files alone, none loses them."""
    both = (IMAGE, TextPart("look"))
    assert normalize("look", [user(both)]) == [("user", both)]
    assert normalize(both, [user("look")]) == [("user", both)]
    assert normalize(both, [user(both)]) == [("user", both)]
    assert normalize("", [user((IMAGE,))]) == [("user", (IMAGE,))]


def test_other_files_are_no_copy() -> None:
    """Two messages with different files are both sent."""
    other = ImagePart("https://x.test/2.png")
    assert normalize((other,), [user((IMAGE,))]) == [("user", (IMAGE, other))]
    assert normalize("see", [user((IMAGE, TextPart("look")))]) == [
        ("user", (IMAGE, TextPart("look\n\nsee")))
    ]


def test_an_empty_message_is_kept() -> None:
    """The current message is always the last one, also an empty one."""
    assert normalize("") == [("user", "")]
    assert normalize({"text": "", "files": []}, [["hi", "Hello"]])[-1] == ("user", "")
    assert normalize("", [["hi", None]]) == [("user", "hi")]


LONE, PAIR = "\ud83d", "\ud83d\ude00"


def test_halves_of_characters_are_repaired() -> None:
    """JavaScript cuts strings between them, and no request can carry them."""
    assert normalize(f"é{PAIR}{LONE}", [[LONE, "\udc00b"]], system=f"Be {LONE}") == [
        ("system", "Be \ufffd"),
        ("user", "\ufffd"),
        ("assistant", "\ufffdb"),
        ("user", "é😀\ufffd"),
    ]
    assert read_conversation([{"role": "user", "content": LONE}]) == [("user", "\ufffd")]


def test_halves_of_characters_in_parts() -> None:
    """Texts, names and tools' calls and results are repaired too; the parts given stay."""
    given = (TextPart(LONE, LONE), IMAGE)
    call, result = ToolCallPart("1", "f", PAIR), ToolResultPart("1", LONE)
    history = [user("a"), Message("assistant", (call,)), Message("tool", (result,))]
    assert normalize(given, history) == [
        ("user", "a"),
        ("assistant", (ToolCallPart("1", "f", "😀"),)),
        ("tool", (ToolResultPart("1", "\ufffd"),)),
        ("user", (TextPart("\ufffd", "\ufffd"), IMAGE)),
    ]
    assert given[0].text == LONE


@given(text=st.text())
def test_a_whole_text_is_sent_as_it_is(text: str) -> None:
    """All of Unicode but halves of characters, which `st.text` leaves out."""
    assert repaired(text) is text
    assert normalize(text)[-1] == ("user", text)


def test_turns_of_one_role_are_merged_with_a_blank_line() -> None:
    """After a failed reply, a stop or a split answer, roles alternate all the same."""
    history = [["a", None], ["b", ""], [None, "c"], ["", "d"], ["e", None]]
    assert normalize("f", history) == [
        ("user", "a\n\nb"),
        ("assistant", "c\n\nd"),
        ("user", "e\n\nf"),
    ]


def test_merging_keeps_files_and_their_order() -> None:
    """Texts beside each other become one, files stay where they are."""
    history = [user("a"), user((IMAGE, TextPart("b"))), user(TextPart("note", "n.txt")), user("c")]
    assert normalize("d", history) == [
        (
            "user",
            (
                TextPart("a"),
                IMAGE,
                TextPart("b"),
                TextPart("note", "n.txt"),
                TextPart("c\n\nd"),
            ),
        )
    ]


def test_results_of_tools_stay_apart_and_may_be_empty() -> None:
    """Two results are two messages, whatever they are."""
    history = [user("hi"), Message("tool", "1"), Message("tool", ""), assistant("ok")]
    assert normalize("q", history) == [
        ("user", "hi"),
        ("tool", "1"),
        ("tool", ""),
        ("assistant", "ok"),
        ("user", "q"),
    ]


def test_the_system_text_comes_first_on_every_turn() -> None:
    """It stands before the first turn, however long the history is."""
    assert normalize("q", system="S") == [("system", "S"), ("user", "q")]
    assert normalize("q", [["a", "b"]] * 9, system="S")[0] == ("system", "S")
    assert normalize("q", system="") == [("user", "q")]


def test_later_system_messages_keep_their_place() -> None:
    """What the history says to the model in between is said in between."""
    history = [user("a"), assistant("b"), Message("system", "now in French")]
    assert normalize("q", history, system="S") == [
        ("system", "S"),
        ("user", "a"),
        ("assistant", "b"),
        ("system", "now in French"),
        ("user", "q"),
    ]


def test_a_system_message_at_the_beginning_follows_the_configured_one() -> None:
    """There is one system message at the beginning, and no text is in it twice."""
    history = [Message("system", "T"), user("a"), assistant("b")]
    once = normalize("q", history, system="S")
    assert once[0] == ("system", "S\n\nT")
    assert normalize("q", once[:-1], system="S") == once
    assert normalize("q", history, system="T")[0] == ("system", "T")


def test_a_system_text_that_is_no_text_is_an_error() -> None:
    """It is named, not sent."""
    with pytest.raises(OptionError, match="system=5"):
        normalize("q", system=5)  # type: ignore[arg-type]  # what a UI's extra input may give


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("<think>why</think>answer", "answer"),
        ("<think>why</think>\n\nanswer", "answer"),
        ("\n <think>\nwhy\n</think> \r\n\n    code", "    code"),
        ("<think></think>answer", "answer"),
        ("<think>a</think>b<think>c</think>", "b<think>c</think>"),
        ("The tag <think>x</think> is a tag", "The tag <think>x</think> is a tag"),
        ("`<think>` opens", "`<think>` opens"),
        ("<thinking>x", "<thinking>x"),
    ],
)
def test_leading_reasoning_is_never_sent_back(text: str, sent: str) -> None:
    """Only a block at the very beginning of an assistant's turn is reasoning."""
    expected = [("user", "hi"), ("assistant", sent), ("user", "q")]
    assert normalize("q", [["hi", text]]) == expected
    assert normalize("q", [user("hi"), assistant(text)]) == expected
    assert normalize("q", [user("hi"), assistant([{"type": "text", "text": text}])]) == expected


def test_reasoning_before_a_file_is_stripped() -> None:
    """The text that an answer with a picture begins with is treated the same."""
    history = [user("hi"), assistant((TextPart("<think>why</think>see"), IMAGE))]
    assert normalize("q", history)[1].content == (TextPart("see"), IMAGE)
    history = [user("hi"), assistant((TextPart("<think>why</think>"), IMAGE))]
    assert normalize("q", history)[1].content == (IMAGE,)


def test_a_reply_stopped_while_thinking_is_not_sent() -> None:
    """Its block never closes: all of it is reasoning."""
    assert normalize("q", [["hi", "<think>why is"]]) == [("user", "hi\n\nq")]


def test_what_users_write_is_never_stripped() -> None:
    """A user may begin with the tag."""
    assert normalize("<think>x</think>y") == [("user", "<think>x</think>y")]
    assert normalize("q", [["<think>x</think>y", "z"]])[0].content == "<think>x</think>y"


def test_a_text_is_never_taken_for_a_path() -> None:
    """Only what stands where a file stands is a file."""
    for text in ("/etc/passwd", "file:///etc/passwd", "~/.ssh/id_rsa", "data:text/plain,x"):
        assert normalize(text, [[text, text]]) == [
            ("user", text),
            ("assistant", text),
            ("user", text),
        ]


def test_a_whole_conversation_is_read_without_a_current_message() -> None:
    """Templates write conversations that end with the assistant."""
    assert read_conversation([["hi", "Hello"]], system="S") == [
        ("system", "S"),
        ("user", "hi"),
        ("assistant", "Hello"),
    ]
    with pytest.raises(HistoryError):
        read_conversation("hi")


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda text: not text[0].isspace() and not text.startswith("<think>")
)
turns = st.lists(st.tuples(words, words), max_size=4)


def as_pairs(conversation: list[tuple[str, str]]) -> Any:
    return [list(pair) for pair in conversation]


def as_single_sides(conversation: list[tuple[str, str]]) -> Any:
    return [side for a, b in conversation for side in ((a, None), (None, b))]


def as_dicts(conversation: list[tuple[str, str]]) -> Any:
    return [entry for a, b in conversation for entry in (user(a), assistant(b))]


def as_blocks(conversation: list[tuple[str, str]]) -> Any:
    return [
        {"role": role, "metadata": None, "options": None, "content": [{"type": "text", "text": t}]}
        for pair in conversation
        for role, t in zip(("user", "assistant"), pair, strict=True)
    ]


def as_messages(conversation: list[tuple[str, str]]) -> Any:
    return tuple(Message(entry["role"], entry["content"]) for entry in as_dicts(conversation))


def as_thoughtful(conversation: list[tuple[str, str]]) -> Any:
    thought = assistant("why", metadata={"title": "Thinking"})
    return [
        e for a, b in conversation for e in (user(a), thought, assistant(f"<think>x</think>{b}"))
    ]


def as_multimodal(conversation: list[tuple[str, str]]) -> Any:
    return [({"text": a, "files": []}, {"text": b}) for a, b in conversation]


def as_unfinished(conversation: list[tuple[str, str]]) -> Any:
    return [*as_dicts(conversation), user("the message"), assistant("")]


RENDERINGS = [
    as_pairs,
    as_single_sides,
    as_dicts,
    as_blocks,
    as_messages,
    as_thoughtful,
    as_multimodal,
    as_unfinished,
]


@given(turns)
def test_one_conversation_reads_the_same_in_every_shape(
    conversation: list[tuple[str, str]],
) -> None:
    """Shape makes no difference, whatever is said; and no history is changed."""
    expected = [*as_messages(conversation), Message("user", "the message")]
    for render in RENDERINGS:
        history = render(conversation)
        before = deepcopy(history)
        assert normalize("the message", history) == expected, render
        assert history == before


contents = st.one_of(
    st.none(),
    st.sampled_from(["", "a", "b", "q"]),
    st.just((IMAGE,)),
    st.just([{"type": "text", "text": "c"}, {"type": "image_url", "image_url": IMAGE.url}]),
)
entries = st.one_of(
    st.tuples(contents, contents),
    st.builds(
        lambda role, content: {"role": role, "content": content},
        st.sampled_from(["user", "assistant", "system"]),
        contents,
    ),
)


def texts_in(value: Any) -> list[str]:
    """Collect every text and image of a history or of messages, in order."""
    if isinstance(value, str):
        return [text for text in value.split("\n\n") if text]
    if isinstance(value, TextPart):
        return texts_in(value.text)
    if isinstance(value, ImagePart):
        return ["image"]
    if isinstance(value, dict):
        kept = {key: part for key, part in value.items() if key not in ("role", "type")}
        return ["image"] if "image_url" in kept else texts_in(list(kept.values()))
    if isinstance(value, Message):
        return texts_in(value.content)
    return [text for item in value or () for text in texts_in(item)]


@given(st.lists(entries, max_size=6), st.sampled_from(["q", "z"]))
def test_nothing_is_lost_and_roles_alternate(history: list[Any], message: str) -> None:
    """All that was said is in the result, in order; only a copy at the end may go."""
    messages = normalize(message, history, system="S")
    found, given_ = texts_in(messages), ["S", *texts_in(history), message]
    assert found in (given_, [*given_[:-2], message])
    assert all(one.role != two.role for one, two in pairwise(messages))
    assert messages[0].role == "system"
    assert messages[-1].role == "user"


@given(st.lists(entries, max_size=6))
def test_what_was_read_reads_the_same_again(history: list[Any]) -> None:
    """Reading a normalised conversation changes nothing."""
    messages = normalize("the message", history, system="S")
    assert normalize(messages[-1], messages[:-1], system="S") == messages


def test_a_long_history_takes_linear_time() -> None:
    """Neither many turns of one role nor long white space cost more than their length."""
    began = time.process_time()
    normalize("q", [user("word")] * 50_000)
    normalize("q", [["q", " " * 1_000_000], ["q", "<think>" + "<" * 1_000_000]])
    assert time.process_time() - began < 10
