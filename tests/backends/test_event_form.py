"""Events that differ in their text alone, whose JSON is not read each time."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import pytest

from chatadapters import Failed, Finish, MalformedStreamError, Reasoning, Text
from chatadapters._backend import Reader
from chatadapters._events import Done, Progress
from chatadapters.backends._early_finish import EarlyFinishReader
from chatadapters.backends._event_form import EventForm
from chatadapters.backends._openai_chat import ChatReader
from chatadapters.backends._raw_completions import CompletionsReader
from tests.backends.reading import delta, end, joined, stream

Make = Callable[[], EarlyFinishReader[Any]]

WORD = b'"word"'
CHAT = [
    b'{"choices":[{"delta":{"content":%b}}]}',
    b'{"id":"x","choices":[{"index":0,"delta":{"content":%b},"finish_reason":null}]}',
    b'{"id":"y","choices":[{"index":0,"delta":{"content":%b},"finish_reason":null}]}',
    b'{"choices": [{"delta": {"role": "assistant", "content": %b}}], "usage": null}',
    b'{"choices":[{"delta":{"content":%b},"finish_reason":"stop"}]}',
    b'{"choices":[{"delta":{"content":%b,"tool_calls":[{"function":{"arguments":"1"}}]}}]}',
    b'{"choices":[{"delta":{"content":%b,"reasoning":"Hm"}}]}',
    b'{"choices":[{"delta":{"content":"word","reasoning":%b}}]}',
    b'{"choices":[{"delta":{"refusal":%b}}]}',
    b'{"choices":[{"delta":{"content":%b},"logprobs":{"content":[{"token":"word"}]}}]}',
    b'{"choices":[{"delta":{"content":"word"},"logprobs":{"token":%b}}]}',
    b'{"choices":[{"delta":{"content":"word","content":%b}}]}',
    b'{"choices":[{"delta":{"content":%b,"content":"word"}}]}',
    b'{"choices":[{"delta":{"\\u0063ontent":"word"},"logprobs":{"content":%b}}]}',
    b'{"choices":[{"delta":{"content":%b}},{"index":1,"delta":{"content":"other"}}]}',
    b'{"choices":[{"index":1,"delta":{"content":%b}}]}',
    b'{"choices":[{"message":{"content":%b}}]}',
    b'{"choices":[{"delta":{"content":%b}}],"usage":{"completion_tokens":3}}',
    b'{"choices":[{"delta":{"content":%b}}],"error":"m"}',
    b'{"choices":[{"delta":{"content":[{"type":"text","text":%b}]}}]}',
    b'{"choices":[{"delta":{},"text":%b}]}',
    b'{"choices":[]}',
    b'{"choices":[{"delta":{"content":%b}}],"obfuscation":"aB3"}',
    b'{"choices":[{"delta":{"content":%b}}],"obfuscation":""}',
    b'{"choices":[{"delta":{"content":%b}}],"obfuscation": "a","usage":null}',
    b'{"choices":[{"delta":{"content":%b}}],"obfuscation": "b","usage":null}',
    b'{"choices":[{"delta":{"content":%b}}],"obfuscation":"a_b"}',
    b'{"choices":[{"delta":{"content":%b}}],"obfuscation":"a\xffb"}',
    b'{"choices":[{"delta":{"content":%b}}],"obfuscation":"a\\u0041"}',
    b'{"choices":[{"delta":{"content":%b}}],"obfuscation":1}',
    b'{"choices":[{"delta":{"content":%b}}],"obfuscation":12"',
    b'{"choices":[{"delta":{"content":%b}}],"obfuscation":"a","obfuscation":"b"}',
    b'{"choices":[{"delta":{"content":%b}}],"obfuscation":"a","error":"b"}',
    b'{"obfuscation":"aB3","choices":[{"delta":{"content":%b}}]}',
]
RAW = [
    b'{"id":"x","choices":[{"index":0,"text":%b,"finish_reason":null}]}',
    b'{"choices":[{"text":%b}]}',
    b'{"choices":[{"index":1,"text":%b}]}',
    b'{"choices":[{"text":%b,"finish_reason":"stop"}]}',
    b'{"choices":[{"text":%b,"logprobs":{"text":"word"}}]}',
    b'{"choices":[{"text":"word","text":%b}]}',
    b'{"choices":[{"text":%b}],"usage":{"completion_tokens":3}}',
    b'{"choices":[{"text":%b}],"obfuscation":"aB3"}',
    b'{"choices":[{"text":%b}],"obfuscation":"c"}',
    b'{"content":%b,"stop":false}',
    b'{"content":"word","text":%b}',
    b'{"choices":[{"delta":{"content":%b}}]}',
]
WORDS = ["word", " ", "a", "Ü", "日本", "😀", '"', "\\", "\n", "content", '","x":"', "[DONE]", ""]
BAD = [
    b'"\\ud83d"',
    b'"\\ude00"',
    b'"\xff"',
    b'"\xc3"',
    b'"\t"',
    b'"\x00"',
    b"null",
    b"1",
    b'"',
    b"",
]
VALUES = [
    *(json.dumps(word).encode() for word in WORDS),
    *(json.dumps(word, ensure_ascii=False).encode() for word in WORDS),
    *BAD,
]


def said(reader: Reader, blocks: Sequence[bytes]) -> list[Any]:
    """Give what a reader says, each error by its words."""
    found = [each for block in blocks for each in reader.feed(block)]
    found = joined([*found, *reader.finish()])
    return [str(each.error) if isinstance(each, Failed) else each for each in found]


def unlearned(make: Make) -> EarlyFinishReader[Any]:
    """Make a reader that reads the JSON of each event."""
    reader = make()
    reader._form = None
    return reader


@pytest.mark.parametrize(("make", "forms"), [(ChatReader, CHAT), (CompletionsReader, RAW)])
def test_an_event_says_what_its_json_says(make: Make, forms: Sequence[bytes]) -> None:
    """Whatever forms follow each other, each event is read as if none had been learned."""
    for (one, other), value in product(product(forms, forms), VALUES):
        events = [(one, WORD), (one, value), (other, WORD), (other, value), (one, value)]
        blocks = [b"data: %b\n\n" % form.replace(b"%b", text) for form, text in events]
        for cut in (blocks, [b"".join(blocks)]):
            assert said(make(), cut) == said(unlearned(make), cut), blocks


@pytest.mark.parametrize(
    ("reader", "event"),
    [
        (ChatReader(), delta(content="%s")),
        (ChatReader(cumulative=False, leaks=True), {"id": "word", **delta(content="%s")}),
        (CompletionsReader(), {"choices": [{"text": "%s", "finish_reason": None}]}),
    ],
)
def test_the_json_of_a_known_form_is_not_read(
    reader: EarlyFinishReader[Any], event: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once a form is known the text is taken from its place; another form is read."""
    block = stream(event)
    assert reader.feed(block.replace(b"%s", b"word")) == [Text("word")]
    read: list[bytes] = []
    monkeypatch.setattr(type(reader), "_event", lambda _, data: read.append(data))
    assert reader.feed(block.replace(b"%s", "日本".encode())) == [Text("日本")]
    assert reader.feed(2 * block.replace(b"%s", b" and")) == [Text(" and and")]
    assert not read
    reader.feed(block.replace(b"%s", b"\\u00e9"))
    reader.feed(block.replace(b"null", b"0"))
    assert len(read) == 2


@pytest.mark.parametrize("more", [{}, {"obfuscation": "aB3"}, {"obfuscation": "", "usage": None}])
def test_the_text_of_a_whole_event_is_found(more: dict[str, str]) -> None:
    """As it is of the JSON in it, so that an event alone in its block needs no decoder."""
    reader = ChatReader()
    block = stream({**delta(content="word"), **more})
    reader.feed(block)
    assert reader._form is not None
    assert reader._form.text(block, True) == "word"
    assert reader._form.text(block.removeprefix(b"data: ").removesuffix(b"\n\n")) == "word"
    assert not reader._form.text(block)
    assert not reader._form.text(2 * block, True)


def test_an_odd_padding_that_is_always_the_same_belongs_to_the_form() -> None:
    """What is no padding as we know it may still be what all events have in common."""
    reader = ChatReader()
    block = stream({**delta(content="word"), "obfuscation": "a-b"})
    reader.feed(block)
    assert reader._form is not None
    assert reader._form.text(block, True) == "word"


@pytest.mark.parametrize("first", [b"aB3", b""])
def test_padding_of_any_length_belongs_to_the_form(
    first: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As OpenAI sends it with each event; what is no letter and no digit is read as JSON."""
    reader = ChatReader()
    block = stream({**delta(content="%s"), "obfuscation": "%p", "usage": None})
    assert reader.feed(block.replace(b"%s", b"word").replace(b"%p", first)) == [Text("word")]
    read: list[bytes] = []
    monkeypatch.setattr(ChatReader, "_event", lambda _, data: read.append(data))
    for padding in (b"", b"x", b"aB3" * 9):
        padded = block.replace(b"%s", b" and").replace(b"%p", padding)
        assert reader.feed(padded) == [Text(" and")]
        assert reader.feed(2 * padded) == [Text(" and and")]
    assert not read
    for number, padding in enumerate([b"a b", b"a\\n", b"a_", b"\xff", b'a","usage":"b']):
        reader.feed(block.replace(b"%s", b" and").replace(b"%p", padding))
        assert len(read) == number + 1


def test_an_event_in_several_lines_is_no_example_of_one_in_a_line() -> None:
    """Its lines are joined; what looks like it in one block has lines that say nothing."""
    lines = b'data: {"choices":\ndata: [{"delta":{"content":"word"}}]}\n\n'
    looks_so = lines.replace(b"\ndata: [", b"\n[")
    for make in (ChatReader, lambda: unlearned(ChatReader)):
        assert said(make(), [lines, lines]) == [Text("wordword")]
        *texts, failed = said(make(), [lines, looks_so])
        assert texts == [Text("word")]
        assert "no JSON" in failed


def test_a_long_event_of_a_known_form_is_too_long_as_well() -> None:
    """The limit of an event holds however its text is found."""
    word = stream(delta(content="word"))
    reader = ChatReader(limit=2 * len(word))
    *texts, failed = said(reader, [word, word.replace(b"word", b"w" * 2 * len(word))])
    assert texts == [Text("word")]
    assert "longer than" in failed


def test_a_form_holds_until_another_event_comes() -> None:
    """What the same event means may be another thing then, so it is read again."""
    reader = ChatReader()
    word, more = stream(delta(content="word")), stream(delta(content=" more"))
    assert said(reader, [word, more]) == [Text("word more")]
    held = {"choices": [{"index": 0, "delta": {"content": "."}, "finish_reason": "stop"}]}
    blocks = [word, more, stream(held), word, stream("[DONE]")]
    assert said(ChatReader(), blocks) == said(unlearned(ChatReader), blocks)
    assert said(ChatReader(), blocks) == [Text("word more.word"), Done()]


def test_reasoning_and_calls_beside_a_text_are_not_lost() -> None:
    """An event that says more than its text is no example."""
    call = [{"index": 0, "function": {"arguments": "1"}}]
    blocks = [stream(delta(content=word, tool_calls=call)) for word in "abc"]
    assert [each for each in said(ChatReader(), blocks) if isinstance(each, Progress)]
    blocks = [stream(delta(content=word, reasoning="Hm")) for word in "abc"]
    assert said(ChatReader(), blocks).count(Reasoning("Hm")) == 3


def test_a_known_form_under_the_name_of_an_error_is_an_error() -> None:
    """The name of an event counts more than what it looks like."""
    word = stream(delta(content="word"))
    for blocks in ([word + word + b"event: error\n" + word], [word, word, b"event: error\n", word]):
        assert said(ChatReader(), blocks) == said(unlearned(ChatReader), blocks)
        assert said(ChatReader(), blocks)[0] == Text("wordword")
        assert len(said(ChatReader(), blocks)) == 2


def test_text_of_a_known_form_after_the_finish_is_not_shown() -> None:
    """Nothing follows a finish, however it is found."""
    word = stream(delta(content="word"))
    blocks = [word, word, stream(end()), word, word, word]
    assert said(ChatReader(), blocks) == [Text("wordword"), Finish("stop")]


def test_text_that_repeats_itself_is_noticed_in_a_known_form() -> None:
    """The first pieces are watched for a server that sends the text so far, read or found."""
    words = ["one", "two", "three", "four", "five", "six", "seven"]
    blocks = [stream(delta(content=" ".join(words[: at + 1]))) for at in range(len(words))]
    assert "cumulative=True" in said(ChatReader(), blocks)[-1]
    cumulative = ChatReader(cumulative=True)
    assert said(cumulative, [*blocks, stream(end())]) == [Text(" ".join(words)), Finish("stop")]


def test_a_server_whose_events_all_differ_is_not_learned_from_for_ever() -> None:
    """Forms of which none ever fits cost more than they save; one that fits makes up for them."""
    form = EventForm("content")
    event = b'{"id": %d, "content": "a"}'
    for number in range(99):
        form.read(event % number, "a", alone=True)
    assert form.learns
    assert form.text(event % 98) == "a"
    for number in range(100):
        assert form.learns
        form.read(event % number, "a", alone=number % 2 == 0)
    assert not form.learns


@pytest.mark.parametrize("text", ["\n", '"', "\t", "\\"])
def test_a_text_with_escapes_leaves_the_form_known(text: str) -> None:
    """Code and Markdown are full of them; the events between are found all the same."""
    reader = ChatReader()
    word, escaped = stream(delta(content="word")), stream(delta(content=text))
    for _ in range(1000):
        assert reader.feed(word + escaped) == [Text("word" + text)]
    assert reader._form is not None
    assert reader._form.text(word.removeprefix(b"data: ").rstrip()) == "word"


def test_events_that_always_say_more_are_read_as_json() -> None:
    """After a hundred of them no form is looked for; reasoning alone does not count."""
    reader = ChatReader()
    for _ in range(1000):
        reader.feed(stream(delta(reasoning="Hm")))
    assert reader._form is not None
    for _ in range(100):
        reader.feed(stream(delta(content="word", reasoning="Hm")))
    assert reader._form is None
    assert reader.feed(stream(delta(content="word"))) == [Text("word")]


@pytest.mark.parametrize("more", [b"[" * 250 + b"]" * 250, b"9" * 5000])
@pytest.mark.parametrize("text", [b"caf\xc3", b"a\x00"])
def test_what_only_the_tolerant_reading_takes_is_left_to_it(text: bytes, more: bytes) -> None:
    """It refuses what the strict one skips unread, so a known form does not stand for it."""
    event = b'data: {"choices":[{"delta":{"content":"%b"}}],"x":%b}\n\n'
    blocks = [event % (b"word", more), event % (text, more)]
    assert said(ChatReader(), blocks) == said(unlearned(ChatReader), blocks)


def test_bad_utf_8_is_shown_as_it_is_where_json_is_read() -> None:
    """Each byte that is no character is U+FFFD, however the text was found."""
    word = stream(delta(content="word"))
    assert said(ChatReader(), [word, word.replace(b"word", b"caf\xc3")]) == [Text("wordcaf\ufffd")]


def test_what_is_no_json_in_a_known_place_is_an_error() -> None:
    """A number where the text was is told, as it would be without a form before it."""
    word = stream(delta(content="word"))
    *_, failed = [*ChatReader().feed(word + word.replace(b'"word"', b"{1}"))]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, MalformedStreamError)
