"""The Responses wire: what requests carry, and what its events are read as."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatadapters import (
    AudioPart,
    FilePart,
    Finish,
    ImagePart,
    Message,
    Reasoning,
    Text,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Usage,
)
from chatadapters._errors import MalformedStreamError, ProviderStreamError, UnsupportedContentError
from chatadapters._events import Progress
from chatadapters.backends._openai_responses import ResponsesReader, response_input
from tests.backends.reading import read, read_broken
from tests.backends.served import event
from tests.chunks import cut, in_pieces

PNG = "data:image/png;base64,iVBORw0KGgo="
COUNTS = {
    "input_tokens": 9,
    "output_tokens": 3,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens_details": {"reasoning_tokens": 1},
}
USAGE = Usage(input_tokens=9, output_tokens=3, reasoning_tokens=1, cached_tokens=4)


def said(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", **fields}


def text(delta: str) -> dict[str, Any]:
    return said("output_text.delta", delta=delta, output_index=0, content_index=0)


def completed(**response: Any) -> dict[str, Any]:
    return said("completed", response={"status": "completed", "output": [], **response})


def stream(*events: dict[str, Any]) -> bytes:
    """Write events as the API does, their type said twice."""
    return b"".join(f"event: {each['type']}\n".encode() + event(each) for each in events)


# Input


def test_messages_are_input_items() -> None:
    """Text stays a string, and the system text keeps its place."""
    conversation = [Message("system", "Be brief."), Message("user", (TextPart("Hi"),))]
    assert response_input(conversation) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
    ]


def test_files_become_parts() -> None:
    """An image and a document are sent in the forms that the API has for them."""
    document = FilePart("data:application/pdf;base64,JVBERi0=", "d.pdf")
    [message] = response_input([Message("user", (TextPart("See"), ImagePart(PNG), document))])
    assert message["content"] == [
        {"type": "input_text", "text": "See"},
        {"type": "input_image", "image_url": PNG, "detail": "auto"},
        {"type": "input_file", "filename": "d.pdf", "file_data": document.url},
    ]


CALLS = (ToolCallPart("a", "add", '{"x": 1}'), ToolCallPart("b", "sub", "{}"))


def test_calls_and_results_are_items_of_their_own() -> None:
    """Each call and each result is an item, the text beside calls a message before them."""
    conversation = [
        Message("user", "Add."),
        Message("assistant", (TextPart("I add."), *CALLS)),
        Message("tool", (ToolResultPart("a", "2"),)),
        Message("tool", (ToolResultPart("b", "0"),)),
    ]
    assert response_input(conversation) == [
        {"role": "user", "content": "Add."},
        {"role": "assistant", "content": "I add."},
        {"type": "function_call", "call_id": "a", "name": "add", "arguments": '{"x": 1}'},
        {"type": "function_call", "call_id": "b", "name": "sub", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": "2"},
        {"type": "function_call_output", "call_id": "b", "output": "0"},
    ]


@pytest.mark.parametrize(
    ("role", "parts"),
    [
        ("user", (CALLS[0],)),
        ("tool", (ToolResultPart("a", "2"), TextPart("x"))),
        ("assistant", (CALLS[0], ImagePart(PNG))),
    ],
)
def test_a_call_in_the_wrong_place_is_refused(role: str, parts: tuple[Any, ...]) -> None:
    """Calls are the assistant's and results a tool's, with nothing else but the calls' text."""
    with pytest.raises(UnsupportedContentError, match=f"{role}.*responses"):
        response_input([Message(role, parts)])


@pytest.mark.parametrize(
    ("role", "part"),
    [("user", AudioPart("data:audio/wav;base64,AA==", "a")), ("assistant", ImagePart(PNG, "a"))],
)
def test_what_has_no_place_is_refused(role: str, part: Any) -> None:
    """The API takes no sound, and files from the user alone."""
    with pytest.raises(UnsupportedContentError, match=f"'a'.*{role}.*responses"):
        response_input([Message(role, (part,))])


# Streams


def test_a_reply_is_read() -> None:
    """Reasoning, its parts set apart, text, counts and the end."""
    body = stream(
        said("created", response={"status": "in_progress", "output": [], "usage": None}),
        said("output_item.added", item={"type": "reasoning", "summary": []}),
        said("reasoning_summary_part.added", summary_index=0),
        said("reasoning_summary_text.delta", delta="First", summary_index=0),
        said("reasoning_summary_part.added", summary_index=1),
        said("reasoning_summary_text.delta", delta="Then", summary_index=1),
        said("reasoning_text.delta", delta="."),
        text("Hel"),
        text("lo"),
        said("output_text.done", text="Hello"),
        said("output_item.done", item={"type": "message", "content": []}),
        completed(usage=COUNTS),
    )
    wanted = [Reasoning("First\n\nThen."), Text("Hello"), USAGE, Finish("stop")]
    assert read(ResponsesReader(), body) == wanted
    assert read(ResponsesReader(), *in_pieces(body, 13)) == wanted


def test_a_refusal_is_text_and_the_reason() -> None:
    """A refusal can be read, and told from an answer."""
    body = stream(said("refusal.delta", delta="No"), said("refusal.delta", delta="."), completed())
    assert read(ResponsesReader(), body) == [Text("No."), Finish("refusal")]


IMAGE = {"type": "image_generation_call", "status": "completed", "result": "iVBORw0KGgo="}


def test_images_are_progress_and_the_reason_where_nothing_else_came() -> None:
    """A reply of text and images is its text; one of images alone ends with them."""
    drawn = (
        said("image_generation_call.partial_image", partial_image_b64="iVBORw0KGgo="),
        said("output_item.done", item=IMAGE, output_index=0),
    )
    body = stream(*drawn, completed(output=[IMAGE]))
    assert read(ResponsesReader(), body) == [Progress(1), Finish("images")]
    assert read(ResponsesReader(), stream(text("Here."), *drawn, completed()))[-1] == Finish("stop")
    whole = json.dumps({"status": "completed", "output": [IMAGE]}).encode()
    assert read(ResponsesReader(), whole) == [Finish("images")]


def test_tool_calls_are_given_in_chat_form() -> None:
    """Calls of functions and of free-form tools come with the finish; growing is progress."""
    call = {"type": "function_call", "call_id": "a", "name": "add", "arguments": '{"x":1}'}
    custom = {"type": "custom_tool_call", "call_id": "b", "name": "sh", "input": "ls"}
    body = stream(
        said("function_call_arguments.delta", delta='{"x":1}'),
        said("output_item.done", item=call),
        said("custom_tool_call_input.delta", delta="ls"),
        said("output_item.done", item=custom),
        completed(output=[call, custom]),
    )
    wanted = (
        {"id": "a", "type": "function", "function": {"name": "add", "arguments": '{"x":1}'}},
        {"id": "b", "type": "custom", "custom": {"name": "sh", "input": "ls"}},
    )
    assert read(ResponsesReader(), body) == [Progress(9), Finish("tool_calls", tool_calls=wanted)]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({"reason": "max_output_tokens"}, "length"),
        ({"reason": "content_filter"}, "content_filter"),
        ({"reason": "boredom"}, "boredom"),
        ({}, "incomplete"),
        (None, "incomplete"),
    ],
)
def test_an_incomplete_response_says_why(theirs: Any, ours: str) -> None:
    """Its reason is the finish reason."""
    response = {"status": "incomplete", "incomplete_details": theirs, "usage": COUNTS}
    body = stream(text("Hel"), said("incomplete", response=response))
    assert read(ResponsesReader(), body) == [Text("Hel"), USAGE, Finish(ours)]


@pytest.mark.parametrize(
    ("chunk", "code"),
    [
        (
            said("failed", response={"error": {"code": "server_error", "message": "m"}}),
            "server_error",
        ),
        ({"type": "error", "code": "rate_limit_exceeded", "message": "m"}, "rate_limit_exceeded"),
        ({"type": "error", "error": {"code": "server_error", "message": "m"}}, "server_error"),
    ],
)
def test_an_error_in_the_stream_is_raised(chunk: dict[str, Any], code: str) -> None:
    """The text before it counts."""
    events, error = read_broken(ResponsesReader(), stream(text("Hal"), chunk))
    assert events == [Text("Hal")]
    assert isinstance(error, ProviderStreamError)
    assert (error.code, str(error)[-3:]) == (code, ": m")


@pytest.mark.parametrize("response", [None, {"status": "failed", "error": None}])
def test_a_failure_without_words_is_an_error(response: Any) -> None:
    """A response that failed is never an empty answer."""
    _, error = read_broken(ResponsesReader(), stream(said("failed", response=response)))
    assert isinstance(error, ProviderStreamError)


def test_an_untyped_error_is_raised() -> None:
    """Servers in front of the API report errors in their own way."""
    _, error = read_broken(ResponsesReader(), event({"error": {"message": "m", "code": 502}}))
    assert isinstance(error, ProviderStreamError)
    assert error.status == 502


OUTPUT = [
    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm"}]},
    {"type": "message", "content": [{"type": "output_text", "text": "Hello"}]},
]


def test_output_without_deltas_is_read() -> None:
    """A server that sends the text only in its last event is understood."""
    body = stream(completed(output=OUTPUT))
    assert read(ResponsesReader(), body) == [Reasoning("Hm"), Text("Hello"), Finish("stop")]


def test_output_after_deltas_is_not_read_again() -> None:
    """The last event repeats the whole output."""
    body = stream(text("Hello"), completed(output=OUTPUT))
    assert read(ResponsesReader(), body) == [Text("Hello"), Finish("stop")]


def done(words: str, place: int | None) -> dict[str, Any]:
    content = [{"type": "output_text", "text": words}]
    return said(
        "output_item.done", item={"type": "message", "content": content}, output_index=place
    )


def delta(words: str, place: int | None) -> dict[str, Any]:
    return said("output_text.delta", delta=words, output_index=place)


@pytest.mark.parametrize(
    "events",
    [
        [done("Hello", 0)],
        [done("Hello", None)],
        [delta("Hello", 0), done("Hello", 0)],
        [delta("Hello", None), done("Hello", 1)],
        [delta("Hello", 0), done("Hello", 1)],
        [delta("Hel", 0), done("Hel", 0), delta("lo", 0)],
        [delta("Hel", 1), done("Hel", 1), done("lo", 2)],
        [delta("Hel", 0), delta("lo", 1), done("Hel", 0), done("lo", 1)],
        [done("Hello", 0), done("Hello", 0)],
    ],
)
def test_a_message_that_is_whole_is_read_once(events: list[dict[str, Any]]) -> None:
    """From its deltas where it had any, also where a proxy counts wrong or ends it early."""
    body = stream(*events, completed(output=OUTPUT))
    assert read(ResponsesReader(), body) == [Text("Hello"), Finish("stop")]


def test_a_text_beside_a_call_may_come_last() -> None:
    """The call had an event of its own, the text has only the last one."""
    call = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
    body = stream(said("output_item.done", item=call), completed(output=[*OUTPUT, call]))
    *events, finish = read(ResponsesReader(), body)
    assert events == [Text("Hello")]
    assert [each["id"] for each in finish.tool_calls] == ["a"]


def test_a_whole_response_is_read() -> None:
    """A server that ignores `stream` and answers in plain JSON is read all the same."""
    refusal = [{"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}]
    body = {"object": "response", "status": "completed", "output": refusal, "usage": COUNTS}
    wanted = [Text("No."), USAGE, Finish("refusal")]
    assert read(ResponsesReader(), json.dumps(body).encode()) == wanted


def test_a_response_in_the_background_is_no_reply() -> None:
    """Its text is elsewhere, so nothing says that this reply is finished."""
    events, error = read_broken(ResponsesReader(), b'{"status": "queued", "output": []}')
    assert events == []
    assert isinstance(error, MalformedStreamError)


def test_an_error_in_plain_json_is_raised() -> None:
    """An error under status 200 is the provider's error."""
    _, error = read_broken(ResponsesReader(), b'{"error": {"message": "m", "code": 500}}')
    assert isinstance(error, ProviderStreamError)


@pytest.mark.parametrize("wrong", [{"a": 1}, ["x"], 1.5, True])
@pytest.mark.parametrize(
    "kind",
    [
        "output_text.delta",
        "refusal.delta",
        "reasoning_text.delta",
        "function_call_arguments.delta",
    ],
)
def test_text_that_is_none_is_an_error(kind: str, wrong: object) -> None:
    """It is named, behind the text that came before."""
    found, error = read_broken(ResponsesReader(), stream(text("Hi"), said(kind, delta=wrong)))
    assert found == [Text("Hi")]
    assert isinstance(error, MalformedStreamError)
    assert f"'response.{kind}' has {wrong!r} where its text should be" in str(error)


def test_an_empty_delta_says_nothing() -> None:
    """Null is no text and no error."""
    body = stream(said("output_text.delta", delta=None), text("Hi"), completed())
    assert read(ResponsesReader(), body) == [Text("Hi"), Finish("stop")]


def test_unknown_events_are_skipped() -> None:
    """The API grows, and audio deltas are no text."""
    body = stream(said("audio.delta", delta="AAAA"), said("new.thing", delta={"a": 1}), text("Hi"))
    assert read(ResponsesReader(), body) == [Text("Hi")]


@given(texts=st.lists(st.text(max_size=8)), cuts=st.lists(st.integers(0, 900), max_size=8))
def test_the_cut_into_blocks_does_not_matter(texts: list[str], cuts: list[int]) -> None:
    """However the network cuts a stream, the same is read."""
    body = stream(*map(text, texts), completed())
    whole = "".join(texts)
    wanted = [*([Text(whole)] if whole else []), Finish("stop")]
    assert read(ResponsesReader(), *cut(body, cuts)) == wanted
