"""From bytes to events: errors in a stream, its end, and bodies that are no stream."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatadapters import (
    Failed,
    Finish,
    Reasoning,
    Text,
)
from chatadapters._errors import (
    LimitExceededError,
    MalformedStreamError,
    ProviderStreamError,
)
from chatadapters._events import Done, Progress
from chatadapters.backends._openai_chat import ChatReader
from tests.backends.reading import (
    COUNTS,
    DONE,
    USAGE,
    called,
    delta,
    end,
    joined,
    read,
    read_broken,
    stream,
)
from tests.chunks import cut, in_pieces


@pytest.mark.parametrize(
    ("chunk", "status", "code"),
    [
        ({"error": {"message": "m", "type": "server_error", "code": 503}}, 503, "server_error"),
        ({"error": {"message": "m", "code": "rate_limit_exceeded"}}, None, "rate_limit_exceeded"),
        ({"error": {"message": "m", "type": None, "code": "429"}}, 429, None),
        ({"error": "m"}, None, None),
        ({"error": "m", "error_type": "overloaded"}, None, "overloaded"),
        ({"object": "error", "message": "m", "type": "Internal", "code": 500}, 500, "Internal"),
        ({"type": "error", "message": "m"}, None, None),
        ({"message": "m", "code": 502}, 502, None),
        ({"detail": "m"}, None, None),
        ({**end("error"), "error": {"message": "m", "code": 502}}, 502, None),
        ({"choices": [{"delta": {}, "error": {"message": "m", "code": 502}}]}, 502, None),
        ({**end(), "x_groq": {"id": "r", "error": "m"}}, None, None),
        ([{"error": {"message": "m", "code": 429, "status": "GONE"}}], 429, "GONE"),
    ],
)
def test_an_error_in_the_stream_is_raised(chunk: Any, status: int | None, code: str | None) -> None:
    """Every shape of it is an error with the provider's words, status and code."""
    _, error = read_broken(ChatReader(), stream(chunk))
    assert isinstance(error, ProviderStreamError)
    assert str(error).endswith(": m")
    assert (error.status, error.code) == (status, code)


@pytest.mark.parametrize("data", ['{"message": "m"}', '{"error": {"message": "m"}}', "m"])
def test_an_error_event_is_raised(data: str) -> None:
    """The type of an event says it, whatever the data is."""
    _, error = read_broken(ChatReader(), f"event: error\ndata: {data}\n\n".encode())
    assert isinstance(error, ProviderStreamError)
    assert str(error).endswith(": m")


@pytest.mark.parametrize(
    "line",
    [
        b'error: {"code": 400, "message": "m"}\n\ndata: [DONE]\n\n',
        b'{"error": {"code": 400, "message": "m"}}\n',
        b'{"error": {"code": 400, "message": "m"}}',
        b'{"error":"m","code":400}\n\n',
    ],
)
def test_an_error_may_come_outside_of_any_event(line: bytes) -> None:
    """As from llama.cpp until autumn 2025, and from proxies that pass on what they got."""
    body = stream(delta(content="Hal")) + line
    for blocks in ([body], in_pieces(body, 7)):
        events, error = read_broken(ChatReader(), *blocks)
        assert events == [Text("Hal")]
        assert isinstance(error, ProviderStreamError)
        assert str(error).endswith(": m")
        assert error.status == 400


def test_text_before_an_error_counts() -> None:
    """What was received does not depend on how the network cut the stream."""
    body = stream(delta(content="Hal"), {"error": "m"})
    for blocks in ([body], in_pieces(body, 7)):
        events, error = read_broken(ChatReader(), *blocks)
        assert events == [Text("Hal")]
        assert isinstance(error, ProviderStreamError)


def test_a_long_error_is_cut() -> None:
    """A message is for reading."""
    _, error = read_broken(ChatReader(), stream({"error": "x" * 100_000}))
    assert len(str(error)) < 2_000


@pytest.mark.parametrize("data", ['{"choices": [{"del', '{"choices": 5}', "oops", "[1]"])
def test_a_malformed_event_is_an_error(data: str) -> None:
    """What is no chunk is not skipped."""
    events, error = read_broken(ChatReader(), stream(delta(content="Hal"), data))
    assert events == [Text("Hal")]
    assert isinstance(error, MalformedStreamError)


def test_an_event_cut_at_the_end_is_an_error() -> None:
    """A stream that ends within an event has lost something."""
    events, error = read_broken(ChatReader(), stream(delta(content="Hal")), b'data: {"choi')
    assert events == [Text("Hal")]
    assert isinstance(error, MalformedStreamError)


def test_nothing_is_read_after_a_failure() -> None:
    """A reader that failed gives nothing more."""
    reader = ChatReader()
    read_broken(reader, stream("oops"))
    assert read(reader, stream(delta(content="Hi"))) == []


@pytest.mark.parametrize("mark", [b"data: [DONE]\n\n", b"data:[DONE]\n\n", b"data:  [DONE] \n\n"])
def test_nothing_is_read_after_done(mark: bytes) -> None:
    """The server's end mark is the end, whatever follows."""
    body = stream(end()) + mark + b"data: oops\n\n"
    assert read(ChatReader(), body, b"data: {\n\n") == [Finish("stop"), Done()]


def test_keep_alives_say_nothing() -> None:
    """Comments, empty events and pings are skipped."""
    body = b": ping\n\ndata:\n\ndata: \n\nevent: ping\ndata:\n\n" + stream(delta(content="Hi"))
    assert read(ChatReader(), b"\n\n", body) == [Text("Hi")]


def test_a_whole_completion_is_read() -> None:
    """A server that ignores `stream` and answers in plain JSON is read all the same."""
    message = {
        "role": "assistant",
        "content": "Hi",
        "reasoning_content": "Hm",
        "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{}"}}],
    }
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    body = json.dumps({"object": "chat.completion", "choices": [choice], "usage": COUNTS}, indent=1)
    for blocks in ([body.encode()], in_pieces(body.encode(), 20)):
        assert read(ChatReader(), *blocks) == [
            Reasoning("Hm"),
            Text("Hi"),
            Progress(2),
            USAGE,
            Finish("tool_calls", tool_calls=(called("a", "f", "{}"),)),
        ]


def test_an_error_in_plain_json_is_raised() -> None:
    """An error under status 200 is the provider's error."""
    _, error = read_broken(ChatReader(), b'{"error": {"message": "m", "code": 500}}')
    assert isinstance(error, ProviderStreamError)
    assert error.status == 500
    _, error = read_broken(ChatReader(), b'[{"error": {"message": "m", "code": 429}}]')
    assert isinstance(error, ProviderStreamError)
    assert error.status == 429


@pytest.mark.parametrize("body", [b"\xef\xbb\xbf\n <!doctype html><p>Log in", b"<html>"])
def test_a_page_is_an_error_at_once(body: bytes) -> None:
    """HTML is named for what it is, without waiting for its end."""
    [failed] = ChatReader().feed(body)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, MalformedStreamError)
    assert "HTML page" in str(failed.error)


@pytest.mark.parametrize("body", [b'{"ok": true}', b'{"choices"', b"[]"])
def test_other_json_is_an_error(body: bytes) -> None:
    """A body without an answer shows how it begins."""
    _, error = read_broken(ChatReader(), body)
    assert isinstance(error, MalformedStreamError)
    assert body.decode() in str(error)


def test_an_empty_body_says_nothing() -> None:
    """Whether that is an error is not for the reader to say."""
    assert read(ChatReader(), b"", b"\n ") == []


@pytest.mark.parametrize("begin", [b"{", b"  ", b"data: "])
def test_what_is_too_large_is_refused(begin: bytes) -> None:
    """An event, and a body in its place, have a limit."""
    _, error = read_broken(ChatReader(limit=1000), begin, *[b" " * 10] * 200)
    assert isinstance(error, LimitExceededError)


@given(
    texts=st.lists(st.tuples(st.booleans(), st.text(max_size=8)), max_size=12),
    cuts=st.lists(st.integers(0, 900), max_size=8),
    reason=st.sampled_from(["stop", "length"]),
)
def test_the_cut_into_blocks_does_not_matter(
    texts: list[tuple[bool, str]], cuts: list[int], reason: str
) -> None:
    """However the network cuts a stream, the same is read."""
    deltas = [delta(**{"content" if said else "reasoning": text}) for said, text in texts]
    body = stream(*deltas, end(reason, usage=COUNTS), DONE)
    kinds = [(Text if said else Reasoning)(text) for said, text in texts if text]
    assert read(ChatReader(), *cut(body, cuts)) == [*joined(kinds), USAGE, Finish(reason), Done()]


@pytest.mark.parametrize("start", [b"{", b"data: {", b"data: {}\n\ndata: {"])
def test_the_length_of_an_event_may_be_bound_from_outside(start: bytes) -> None:
    """The limit counts for a body that is no stream and for each event of one."""
    reader = ChatReader()
    reader.bound(100)
    _, error = read_broken(reader, start, b"x" * 100)
    assert isinstance(error, LimitExceededError)
    assert "longer than 100 bytes" in str(error)


@pytest.mark.parametrize("blanks", [b"\n", b" ", b"\r\n", b"\xef\xbb\xbf\n"])
@pytest.mark.parametrize("kind", ["stream", "JSON"])
def test_endless_blanks_before_an_answer_are_not_kept(blanks: bytes, kind: str) -> None:
    """However many come, byte by byte, each is looked at once."""
    reader, text = ChatReader(), delta(content="Hi")
    body = stream(text) if kind == "stream" else json.dumps(text).encode()
    for byte in blanks * (200_000 // len(blanks)):
        assert not reader.feed(bytes([byte]))
    assert reader._opening is not None
    assert not reader._opening.body
    assert Text("Hi") in read(reader, *in_pieces(body, 30))
