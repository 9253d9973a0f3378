"""The chat-completions wire: what requests carry, and what every server's stream is read as."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatadapters import (
    AudioPart,
    Failed,
    FilePart,
    Finish,
    ImagePart,
    Message,
    Reasoning,
    Text,
    TextPart,
    Usage,
)
from chatadapters._errors import (
    LimitExceededError,
    MalformedStreamError,
    ProviderStreamError,
    UnsupportedContentError,
)
from chatadapters._events import Done, Progress
from chatadapters.backends._openai_chat import ChatReader, chat_messages
from chatadapters.backends._openai_leaks import LeakFilter
from tests.backends.reading import DONE, joined, read, read_broken, stream
from tests.chunks import cut, in_pieces

PNG = "data:image/png;base64,iVBORw0KGgo="


def delta(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": None}]}


def end(reason: str | None = "stop", **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}], **more}


def tool(**fields: Any) -> dict[str, Any]:
    return delta(tool_calls=[fields])


def called(id_: str | None, name: str, arguments: str) -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


# Messages


def test_text_stays_a_string() -> None:
    """A conversation of strings is sent as it is."""
    conversation = [Message("system", "Be brief."), Message("user", "Hi"), Message("assistant", "")]
    assert chat_messages(conversation) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": ""},
    ]


def test_text_files_become_one_string() -> None:
    """Content of text alone is one string, which every server can read."""
    content = (TextPart("a,b", name="t.csv"), TextPart("Sum it up."))
    [message] = chat_messages([Message("user", content)])
    assert message["content"] == "t.csv:\n```\na,b\n```\n\nSum it up."


def test_files_become_parts() -> None:
    """An image, a sound and a document are sent in the forms that the API has for them."""
    content = (
        TextPart("What is this?"),
        TextPart("x", name="x.txt"),
        ImagePart(PNG, "i.png"),
        AudioPart("data:audio/mpeg;base64,SUQz", "a.mp3"),
        FilePart("data:application/pdf;base64,JVBERi0=", "d.pdf"),
        FilePart("data:application/zip;base64,UEs="),
    )
    [message] = chat_messages([Message("user", content)])
    assert message["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "text", "text": "x.txt:\n```\nx\n```"},
        {"type": "image_url", "image_url": {"url": PNG}},
        {"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3"}},
        {
            "type": "file",
            "file": {"filename": "d.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
        },
        {
            "type": "file",
            "file": {"filename": "file", "file_data": "data:application/zip;base64,UEs="},
        },
    ]


@pytest.mark.parametrize(
    ("kind", "named"),
    [("wav", "wav"), ("x-wav", "wav"), ("mpeg", "mp3"), ("mp4", "m4a"), ("flac", "flac")],
)
def test_a_sound_names_its_format(kind: str, named: str) -> None:
    """The format is the API's word for the media type."""
    [message] = chat_messages([Message("user", (AudioPart(f"data:audio/{kind};base64,AA=="),))])
    assert message["content"][0]["input_audio"]["format"] == named


@pytest.mark.parametrize("role", ["system", "assistant"])
def test_only_a_user_sends_files(role: str) -> None:
    """The API has no place for a file elsewhere; the error names part, role and backend."""
    conversation = [Message(role, (TextPart("See"), ImagePart(PNG, "i.png")))]
    with pytest.raises(UnsupportedContentError, match=f"'i.png'.*{role}.*openai"):
        chat_messages(conversation)


def test_a_tool_message_is_refused() -> None:
    """It would need the id of its call, which no message has."""
    with pytest.raises(UnsupportedContentError, match="'tool'"):
        chat_messages([Message("tool", "42")])


# Streams


@pytest.mark.parametrize(
    "fields",
    [
        {"reasoning_content": "Hm"},
        {"reasoning": "Hm"},
        {"thinking": "Hm"},
        {"reasoning_content": "Hm", "reasoning": "Hm"},
        {"reasoning": "Hm", "reasoning_details": [{"type": "reasoning.text", "text": "Hm"}]},
        {"reasoning_details": [{"type": "reasoning.text", "text": "Hm"}]},
        {"reasoning_details": [{"type": "reasoning.summary", "summary": "Hm"}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]},
        {"content": [{"type": "thinking", "thinking": "Hm"}]},
        {"reasoning_content": "Hm", "content": None},
        {"reasoning_content": "Hm", "content": ""},
    ],
)
def test_reasoning_is_told_apart(fields: dict[str, Any]) -> None:
    """Every spelling of reasoning is reasoning, once."""
    body = stream(delta(**fields), delta(content="Yes"), end(), DONE)
    assert read(ChatReader(), body) == [Reasoning("Hm"), Text("Yes"), Finish("stop"), Done()]


def test_text_of_one_block_is_one_event() -> None:
    """What the network brought at once is one step."""
    block = stream(delta(content="Hel"), delta(content="lo"), delta(content=" you"))
    assert ChatReader().feed(block) == [Text("Hello you")]


@pytest.mark.parametrize(
    "chunk",
    [
        delta(role="assistant"),
        delta(role="assistant", content=None),
        delta(content=""),
        delta(content=None, refusal=None, tool_calls=None),
        {"choices": []},
        {"choices": [], "prompt_filter_results": [{"prompt_index": 0}]},
        {"choices": None},
        {"type": "ping"},
        {"choices": [{"index": 0, "delta": None, "finish_reason": None}]},
        {"choices": [{"delta": {}}]},
        {"choices": [{"index": 1, "delta": {"content": "another answer"}}]},
        {"choices": [{"index": 1, "delta": {}, "finish_reason": "stop"}]},
        end(""),
        end("null"),
    ],
)
def test_a_chunk_without_text_says_nothing(chunk: dict[str, Any]) -> None:
    """Roles, nulls, empty lists, filters, pings and other answers are no text and no end."""
    assert read(ChatReader(), stream(chunk)) == []


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": "Hi"}], "Hi"),
        ([{"type": "text", "text": "H"}, {"type": "reference"}, {"text": "i"}], "Hi"),
    ],
)
def test_content_may_be_a_list(content: list[Any], text: str) -> None:
    """Servers that send blocks in place of a string are read too."""
    assert read(ChatReader(), stream(delta(content=content))) == [Text(text)]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("stop", "stop"),
        ("eos", "stop"),
        ("eos_token", "stop"),
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("STOP", "stop"),
        ("length", "length"),
        ("MAX_TOKENS", "length"),
        ("model_length", "length"),
        ("content_filter", "content_filter"),
        ("SAFETY", "content_filter"),
        ("tool_calls", "tool_calls"),
        ("refusal", "refusal"),
        ("pause_turn", "pause_turn"),
        ("<|eot_id|>", "stop"),
        ("<\uff5cend\u2581of\u2581sentence\uff5c>", "stop"),
        ("SPII", "content_filter"),
        ("guardrail_intervened", "content_filter"),
    ],
)
def test_a_finish_reason_has_one_name(theirs: str, ours: str) -> None:
    """Words that mean the same are one word; what has none of ours passes through."""
    assert read(ChatReader(), stream(end(theirs))) == [Finish(ours)]


@pytest.mark.parametrize(
    "theirs", ["error", "abort", "network_error", "insufficient_system_resource", "timeout"]
)
def test_a_failure_may_hide_in_the_finish_reason(theirs: str) -> None:
    """A generation that broke off is an error, not an end."""
    events, error = read_broken(ChatReader(), stream(delta(content="Hal"), end(theirs)))
    assert events == [Text("Hal")]
    assert isinstance(error, ProviderStreamError)
    assert error.code == theirs


def test_a_chunk_of_the_other_wire_is_read() -> None:
    """Some servers answer a chat in chunks of raw completions; no text gets lost."""
    chunk = {"choices": [{"index": 0, "text": "Hello", "finish_reason": None}]}
    end = {"choices": [{"index": 0, "text": "", "finish_reason": "stop"}]}
    assert read(ChatReader(), stream(chunk, end)) == [Text("Hello"), Finish("stop")]


def test_text_after_the_finish_is_not_read() -> None:
    """The finish ends the text, and a second one changes nothing."""
    late = {"choices": [{"delta": {"content": "?"}, "finish_reason": "length"}]}
    body = stream(delta(content="Hi"), end(), late, end("length"), DONE)
    assert read(ChatReader(), body) == [Text("Hi"), Finish("stop"), Done()]


def test_a_whole_message_at_the_end_says_nothing_again() -> None:
    """MiniMax's last chunk has all that its deltas said; what they did not say is read."""
    function = {"name": "f", "arguments": "{}"}
    message = {"content": "Hi", "reasoning_content": "Hm", "tool_calls": [{"function": function}]}
    whole = {"choices": [{"index": 0, "finish_reason": "stop", "message": message}]}
    called_f = Finish("tool_calls", tool_calls=(called(None, "f", "{}"),))
    head = delta(role="assistant")
    for deltas in (
        [delta(reasoning_content="Hm"), delta(content="Hi"), tool(function=function)],
        [delta(reasoning_content="Hm"), delta(content="H"), delta(content="i")],
        [delta(reasoning_content="Hm")],
        [],
    ):
        found = read(ChatReader(), stream(head, *deltas, whole))
        said = [each for each in found if not isinstance(each, Progress)]
        assert said == [Reasoning("Hm"), Text("Hi"), called_f]


def test_messages_may_come_in_place_of_deltas() -> None:
    """Where they come from the start, each brings what is new."""
    pieces = [{"choices": [{"index": 0, "message": {"content": text}}]} for text in ("ha", "ha")]
    assert read(ChatReader(), stream(*pieces, end())) == [Text("haha"), Finish("stop")]


def test_answers_without_a_number_do_not_mix() -> None:
    """The first of a chunk is the one that is read."""
    two = {"choices": [{"delta": {"content": text}} for text in ("Hi", "Good day")]}
    assert read(ChatReader(), stream(two, end())) == [Text("Hi"), Finish("stop")]


def test_a_refusal_is_text_and_the_reason() -> None:
    """A refusal can be read, and told from an answer."""
    body = stream(delta(content=None, refusal="I can"), delta(refusal="not."), end(), DONE)
    assert read(ChatReader(), body) == [Text("I cannot."), Finish("refusal"), Done()]


# Tool calls


def calls(*chunks: Any) -> Any:
    *_, finish = read(ChatReader(), stream(*chunks, end("tool_calls")))
    assert finish.reason == "tool_calls"
    return finish.tool_calls


def test_tool_calls_are_put_together_by_index() -> None:
    """Pieces of two calls may come in turns."""
    found = calls(
        tool(index=0, id="a", type="function", function={"name": "add", "arguments": ""}),
        tool(index=1, id="b", type="function", function={"name": "sub", "arguments": '{"x"'}),
        tool(index=0, function={"arguments": '{"y":'}),
        tool(index=1, function={"arguments": ":1}"}),
        tool(index=0, function={"arguments": "2}"}),
    )
    assert found == (called("a", "add", '{"y":2}'), called("b", "sub", '{"x":1}'))


@pytest.mark.parametrize("index", [{}, {"index": 0}, {"index": None}])
def test_a_new_id_is_a_new_call(index: dict[str, Any]) -> None:
    """Servers that number every call 0, or none, are read by their ids."""
    found = calls(
        tool(**index, id="a", function={"name": "add", "arguments": '{"x"'}),
        tool(**index, function={"arguments": ":1}"}),
        tool(**index, id="b", function={"name": "add", "arguments": "{}"}),
    )
    assert found == (called("a", "add", '{"x":1}'), called("b", "add", "{}"))


@pytest.mark.parametrize("id_", [{}, {"id": ""}, {"id": None}])
@pytest.mark.parametrize("index", [{}, {"index": 0}])
@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("name", ["add", "sub"])
def test_another_whole_call_is_a_new_call(
    id_: dict[str, Any], index: dict[str, Any], apart: bool, name: str
) -> None:
    """Gemini's calls at once may have neither number nor id, in one chunk or two."""
    pieces = [
        {**index, **id_, "function": {"name": each, "arguments": arguments}}
        for each, arguments in (("add", '{"x": 1}'), (name, '{"y": 2}'))
    ]
    found = calls(*(tool(**each) for each in pieces)) if apart else calls(delta(tool_calls=pieces))
    given_id = id_.get("id")
    assert found == (called(given_id, "add", '{"x": 1}'), called(given_id, name, '{"y": 2}'))


def test_pieces_that_begin_with_a_brace_are_of_one_call() -> None:
    """What came before them is not whole."""
    pieces = [{"name": "f", "arguments": '{"a":'}, {"arguments": '{"b":'}, {"arguments": "{}}}"}]
    found = calls(*(tool(index=0, function=piece) for piece in pieces))
    assert found == (called(None, "f", '{"a":{"b":{}}}'),)


def test_a_repeated_id_and_name_are_the_same_call() -> None:
    """Some servers say both in every piece."""
    found = calls(
        tool(index=0, id="a", function={"name": "add", "arguments": "{"}),
        tool(index=0, id="a", function={"name": "add", "arguments": "}"}),
    )
    assert found == (called("a", "add", "{}"),)


def test_arguments_may_be_an_object() -> None:
    """Arguments that come as JSON instead of a string are written as a string."""
    found = calls(tool(index=0, id="a", function={"name": "say", "arguments": {"word": "Grüße"}}))
    assert found == (called("a", "say", '{"word": "Grüße"}'),)


def test_calls_of_an_older_tgi() -> None:
    """TGI before 3.1 streams one call as an object, with an empty id, and no list."""
    pieces = [{"name": "add", "arguments": '{"x"'}, {"name": None, "arguments": ":1}"}]
    found = calls(
        *(delta(tool_calls={"index": 0, "id": "", "function": piece}) for piece in pieces)
    )
    assert found == (called("", "add", '{"x":1}'),)


def test_an_id_may_be_a_number() -> None:
    """It is given as text, as in OpenAI's own form, also when it is 0."""
    found = calls(
        tool(index=0, id=0, function={"name": "add", "arguments": "{"}),
        tool(index=0, id=0, function={"arguments": "}"}),
        tool(index=1, id=5, function={"name": "sub", "arguments": "{}"}),
    )
    assert found == (called("0", "add", "{}"), called("5", "sub", "{}"))


def test_halves_of_characters_in_arguments() -> None:
    """A pair that was cut between two pieces joins, a half alone becomes U+FFFD."""
    found = calls(
        tool(index=0, id="a", function={"name": "say", "arguments": '"\ud83d'}),
        tool(index=0, function={"arguments": '\ude00 \ud83d"'}),
    )
    assert found == (called("a", "say", '"😀 \ufffd"'),)


def test_the_old_function_call_is_read() -> None:
    """Servers that still send `function_call` are understood."""
    found = calls(
        delta(function_call={"name": "add", "arguments": "{"}),
        delta(function_call={"arguments": "}"}),
    )
    assert found == (called(None, "add", "{}"),)


def test_tool_calls_make_the_reason() -> None:
    """A server that says `stop` after tool calls means them."""
    whole = {"name": "f", "arguments": "{}"}
    *_, finish = read(ChatReader(), stream(tool(index=0, id="a", function=whole), end("stop")))
    assert finish.reason == "tool_calls"


def test_a_growing_tool_call_is_progress() -> None:
    """Its pieces are content, so that nobody takes the stream for stalled."""
    reader = ChatReader()
    first = {"name": "f", "arguments": "{}"}
    block = stream(
        tool(index=0, id="a", function=first), tool(index=0, function={"arguments": "x"})
    )
    assert reader.feed(block) == [Progress(3)]


# Usage

COUNTS = {
    "prompt_tokens": 9,
    "completion_tokens": 3,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 1},
}
USAGE = Usage(input_tokens=9, output_tokens=3, reasoning_tokens=1, cached_tokens=4)


@pytest.mark.parametrize(
    "body",
    [
        stream({"choices": [], "usage": COUNTS}, end()),
        stream(end(usage=COUNTS)),
        stream({"usage": COUNTS}, end()),
        stream({"choices": [], "x_groq": {"id": "r", "usage": COUNTS}}, end()),
        stream({"choices": [{"delta": {}, "usage": COUNTS, "finish_reason": "stop"}]}),
        stream({**delta(content=""), "usage": {"prompt_tokens": 1}}, end(usage=COUNTS)),
    ],
)
def test_usage_comes_before_or_with_the_finish(body: bytes) -> None:
    """The last counts that came are given."""
    assert read(ChatReader(), body) == [USAGE, Finish("stop")]


def test_usage_may_follow_the_finish() -> None:
    """OpenAI sends it in a chunk of its own."""
    body = stream(end(), {"choices": [], "usage": COUNTS}, DONE)
    assert read(ChatReader(), body) == [Finish("stop"), USAGE, Done()]


@pytest.mark.parametrize("count", ["NaN", "Infinity", "-Infinity", "1e400", '"9"', "[]"])
def test_a_count_that_is_no_number_is_none(count: str) -> None:
    """It must not cost the reply that it comes with."""
    usage = '{"prompt_tokens": 9, "completion_tokens": %s}' % count  # noqa: UP031
    body = stream(delta(content="Hi"), end(), '{"choices": [], "usage": %s}' % usage)  # noqa: UP031
    assert read(ChatReader(), body) == [Text("Hi"), Finish("stop"), Usage(9, None)]


def test_a_count_beyond_all_floats() -> None:
    """Python's numbers have no end."""
    body = stream(end(usage={"prompt_tokens": 10**400}))
    assert read(ChatReader(), body) == [Usage(10**400), Finish("stop")]


def test_unknown_usage_is_none() -> None:
    """What was not counted is not zero."""
    assert read(ChatReader(), stream(end(usage={"total_tokens": 3}))) == [Usage(), Finish("stop")]
    assert read(ChatReader(), stream(end(usage=None))) == [Finish("stop")]


# Errors in a stream


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


# Ends, framing, repair


@pytest.mark.parametrize("mark", [b"data: [DONE]\n\n", b"data:[DONE]\n\n", b"data:  [DONE] \n\n"])
def test_nothing_is_read_after_done(mark: bytes) -> None:
    """The server's end mark is the end, whatever follows."""
    body = stream(end()) + mark + b"data: oops\n\n"
    assert read(ChatReader(), body, b"data: {\n\n") == [Finish("stop"), Done()]


def test_keep_alives_say_nothing() -> None:
    """Comments, empty events and pings are skipped."""
    body = b": ping\n\ndata:\n\ndata: \n\nevent: ping\ndata:\n\n" + stream(delta(content="Hi"))
    assert read(ChatReader(), b"\n\n", body) == [Text("Hi")]


def test_surrogate_halves_are_joined() -> None:
    """A character cut into two deltas is one character."""
    halves = [b'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n']
    halves += [b'data: {"choices":[{"delta":{"content":"\\ude00!"}}]}\n\n']
    assert read(ChatReader(), *halves) == [Text("\N{GRINNING FACE}!")]
    assert read(ChatReader(), halves[0], stream(end())) == [Text("\ufffd"), Finish("stop")]


def test_a_cumulative_server_is_repaired() -> None:
    """Chunks that repeat all text so far give each text once, reasoning too."""
    body = stream(
        delta(reasoning="H"),
        delta(reasoning="Hm"),
        delta(content="Hel"),
        delta(content="Hello"),
        delta(content="Hello"),
        delta(content="Hello you"),
        delta(content=""),
        end(),
    )
    wanted = [Reasoning("Hm"), Text("Hello you"), Finish("stop")]
    assert read(ChatReader(cumulative=True), body) == wanted
    assert read(ChatReader(cumulative=True), *in_pieces(body, 40)) == wanted


def test_a_server_that_is_not_cumulative_is_named() -> None:
    """With the option set, text that does not continue is an error, not a guess."""
    body = stream(delta(content="Hel"), delta(content="lo"))
    events, error = read_broken(ChatReader(cumulative=True), body)
    assert events == [Text("Hel")]
    assert isinstance(error, MalformedStreamError)
    assert "cumulative" in str(error)


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


# What is no stream


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
