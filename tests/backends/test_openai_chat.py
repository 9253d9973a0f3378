"""The chat-completions wire: what requests carry, and what every server's stream is read as."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletionMessage

from chatadapters import (
    AudioPart,
    FilePart,
    Finish,
    ImagePart,
    Message,
    Reasoning,
    Text,
    TextPart,
    openai_predict,
)
from chatadapters._errors import (
    EmptyReplyError,
    ProviderStreamError,
    UnsupportedContentError,
)
from chatadapters._events import Done, Progress
from chatadapters._explain import early
from chatadapters.backends._openai_chat import ChatReader, chat_messages
from tests.backends.reading import (
    DONE,
    called,
    delta,
    end,
    read,
    read_broken,
    stream,
    tool,
)
from tests.backends.served import Served, answer
from tests.both import Run, complete

PNG = "data:image/png;base64,iVBORw0KGgo="


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


def drawn(**fields: Any) -> dict[str, Any]:
    """Give a generated image as OpenRouter does."""
    image = {"type": "image_url", "image_url": {"url": PNG}, "index": 0}
    return delta(content="", images=[image], **fields)


def test_generated_images_are_progress() -> None:
    """A reply of text and images is its text; one of images alone ends with them."""
    body = stream(delta(content="Here."), drawn(), end(), DONE)
    assert read(ChatReader(), body) == [Text("Here."), Progress(1), Finish("stop"), Done()]
    assert read(ChatReader(), stream(drawn(), end(), DONE)) == [
        Progress(1),
        Finish("images"),
        Done(),
    ]
    at_once = drawn()
    at_once["choices"][0]["finish_reason"] = "stop"
    for last in (at_once, at_once), (at_once,):
        assert read(ChatReader(), stream(*last, DONE))[-2:] == [Finish("images"), Done()]
    assert read(ChatReader(), stream(drawn(), end("length"))) == [Progress(1), Finish("length")]


def test_sound_without_a_transcript_is_no_silence() -> None:
    """Its finish reason says what came."""
    body = stream(spoken(data="AAAA"), LAST, end(), DONE)
    assert read(ChatReader(), body) == [Progress(1), Finish("audio"), Done()]


@pytest.mark.parametrize("whole", [False, True])
def test_a_reply_of_images_alone_is_told(whole: bool, run: Run) -> None:
    """Where text is shown it is an error that says what came; elsewhere it is the finish reason."""
    message = drawn()["choices"][0]["delta"]
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    body = json.dumps({"choices": [choice]}).encode() if whole else stream(drawn(), end(), DONE)
    with Served([answer(body)] * 2) as server:
        predict = openai_predict("m", base_url=server.url)
        with pytest.raises(EmptyReplyError, match="has no text: it finished with 'images'"):
            run(predict, "predict", "Hi")
        reply = complete(run, predict, "Hi")
        assert (reply.text, reply.finish_reason) == ("", "images")
        assert early("images") == "the model made images, which this chat does not show"


def spoken(**audio: Any) -> dict[str, Any]:
    return delta(content=None, audio={"id": "audio_1", **audio})


SPOKEN = [spoken(transcript="Hel"), spoken(data="AAAA"), spoken(transcript="lo", data="AAAA")]
LAST = delta(audio={"expires_at": 1_700_000_000})


def test_a_spoken_answer_is_its_transcript() -> None:
    """The sound is progress, so that nobody takes the stream for stalled."""
    body = stream(delta(role="assistant", content=""), *SPOKEN, LAST, end(), DONE)
    expected = [Text("Hello"), Progress(1), Finish("stop"), Done()]
    assert read(ChatReader(), body) == expected
    reader = ChatReader()
    assert reader.feed(stream(SPOKEN[1])) == [Progress(1)]
    assert reader.feed(stream(delta(audio="AAAA"), delta(audio={"transcript": 5}))) == []


def test_what_is_spoken_and_written_is_said_once() -> None:
    """In one chunk, and again in a whole message at the end."""
    both = delta(content="Hi", audio={"transcript": "Hi"})
    message = {"content": None, "audio": {"data": "AAAA", "transcript": "Hi"}}
    last = {"choices": [{"index": 0, "finish_reason": "stop", "message": message}]}
    assert read(ChatReader(), stream(both, last)) == [Text("Hi"), Finish("stop")]
    assert read(ChatReader(), stream(last)) == [Text("Hi"), Finish("stop")]


@pytest.mark.parametrize("whole", [False, True])
def test_a_spoken_answer_is_shown_and_remembered(whole: bool, run: Run) -> None:
    """Whether it is streamed or not; and the SDK's own message of it is read in a history."""
    message = {"role": "assistant", "content": None, "audio": {"data": "AA", "transcript": "Hello"}}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    body = (
        json.dumps({"choices": [choice]}).encode() if whole else stream(*SPOKEN, LAST, end(), DONE)
    )
    with Served([answer(body)]) as server:
        predict = openai_predict("m", base_url=server.url)
        assert run(predict, "predict", "Hi")[-1] == "Hello"
        audio = {"id": "audio_1", "expires_at": 1, "data": "AA", "transcript": "Hello"}
        said = ChatCompletionMessage.model_validate({**message, "audio": audio})
        for entry in (message, said):
            history = [{"role": "user", "content": "Hi"}, entry]
            run(predict, "predict", "And you?", history)
            assert server.requests[-1].body["messages"][1] == {
                "role": "assistant",
                "content": "Hello",
            }
