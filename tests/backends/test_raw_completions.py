"""The raw-completions wire, as each server speaks it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatadapters import Finish, Text, Usage
from chatadapters._errors import MalformedStreamError, ProviderStreamError
from chatadapters._events import Done
from chatadapters.backends._raw_completions import CompletionsReader
from tests.backends.reading import DONE, read, read_broken, stream
from tests.chunks import cut, in_pieces


def piece(text: str | None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "text": text, "finish_reason": reason}], **more}


COUNTS = {"prompt_tokens": 9, "completion_tokens": 3}
USAGE = Usage(input_tokens=9, output_tokens=3)


@pytest.mark.parametrize(
    ("chunks", "events"),
    [
        pytest.param(
            [piece("Hel"), piece("lo"), piece("", "stop"), {"choices": [], "usage": COUNTS}, DONE],
            [Text("Hello"), Finish("stop"), USAGE, Done()],
            id="vllm",
        ),
        pytest.param(
            [piece("Hel"), piece("lo", "length", usage=COUNTS), DONE],
            [Text("Hello"), USAGE, Finish("length"), Done()],
            id="llama.cpp",
        ),
        pytest.param(
            [piece("Hel", ""), piece("lo", ""), piece("", "eos_token"), DONE],
            [Text("Hello"), Finish("stop"), Done()],
            id="tgi",
        ),
        pytest.param(
            [
                {"content": "Hel", "stop": False},
                {"content": "lo", "stop": False, "stop_type": "none"},
                {"content": "", "stop": True, "stop_type": "limit", "tokens_predicted": 2},
            ],
            [Text("Hello"), Finish("length")],
            id="llama.cpp's own",
        ),
        pytest.param(
            [{"content": "Hello", "stop": True}],
            [Text("Hello"), Finish("stop")],
            id="an old llama.cpp",
        ),
        pytest.param(
            [piece(None), {"choices": [{"index": 1, "text": "?", "finish_reason": "stop"}]}],
            [],
            id="nothing",
        ),
        pytest.param(
            [piece("Hel", "length"), piece("lo", "length")],
            [Text("Hello"), Finish("length")],
            id="an old KoboldCpp",
        ),
        pytest.param(
            [piece("Hello", "stop"), {"choices": [], "usage": COUNTS}, piece("?", "stop"), DONE],
            [Text("Hello"), USAGE, Finish("stop"), Done()],
            id="text after the end",
        ),
    ],
)
def test_each_server_is_read(chunks: list[Any], events: list[Any]) -> None:
    """Text, end and counts are found wherever a server puts them, however the stream is cut."""
    assert read(CompletionsReader(), stream(*chunks)) == events
    assert read(CompletionsReader(), *in_pieces(stream(*chunks), 11)) == events


def test_answers_without_a_number_do_not_mix() -> None:
    """The first of a chunk is the one that is read."""
    two = {"choices": [{"text": text, "finish_reason": None} for text in ("Hi", "Good day")]}
    assert read(CompletionsReader(), stream(two, two)) == [Text("HiHi")]


def test_white_space_stays() -> None:
    """Raw text is not trimmed."""
    assert read(CompletionsReader(), stream(piece(" \n"), piece("  a "))) == [Text(" \n  a ")]


def test_a_whole_completion_is_read() -> None:
    """A server that ignores `stream` is read all the same."""
    body = b'{"object": "text_completion", "choices": [{"text": "Hi", "finish_reason": "stop"}]}'
    assert read(CompletionsReader(), body) == [Text("Hi"), Finish("stop")]


def test_a_whole_completion_may_be_empty() -> None:
    """It is an answer, not a body of another kind."""
    body = b'{"object": "text_completion", "choices": [{"text": "", "finish_reason": "stop"}]}'
    assert read(CompletionsReader(), body) == [Finish("stop")]


def test_a_chunk_of_the_other_wire_is_read() -> None:
    """Some servers answer a prompt in chunks of a chat; no text gets lost."""
    chunk = {"choices": [{"index": 0, "delta": {"content": "Hello"}}]}
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    assert read(CompletionsReader(), stream(chunk, end)) == [Text("Hello"), Finish("stop")]


@pytest.mark.parametrize("chunk", [{"error": {"message": "m", "code": 500}}, {"detail": "m"}])
def test_an_error_in_the_stream_is_raised(chunk: dict[str, Any]) -> None:
    """The text before it counts."""
    events, error = read_broken(CompletionsReader(), stream(piece("Hal"), chunk))
    assert events == [Text("Hal")]
    assert isinstance(error, ProviderStreamError)


def test_a_failure_may_hide_in_the_finish_reason() -> None:
    """A generation that was aborted is an error, not an end."""
    events, error = read_broken(CompletionsReader(), stream(piece("Hal", "abort")))
    assert events == [Text("Hal")]
    assert isinstance(error, ProviderStreamError)


def test_a_cumulative_server_is_repaired() -> None:
    """Chunks that repeat all text so far give each text once."""
    body = stream(piece("Hel"), piece("Hello"), piece("Hello", "stop"))
    assert read(CompletionsReader(cumulative=True), body) == [Text("Hello"), Finish("stop")]


def test_other_json_is_an_error() -> None:
    """A body without an answer shows how it begins."""
    _, error = read_broken(CompletionsReader(), b'{"status": "ok"}')
    assert isinstance(error, MalformedStreamError)


@given(texts=st.lists(st.text(max_size=8)), cuts=st.lists(st.integers(0, 600), max_size=8))
def test_the_cut_into_blocks_does_not_matter(texts: list[str], cuts: list[int]) -> None:
    """However the network cuts a stream, the same is read."""
    body = stream(*map(piece, texts), piece("", "stop"), DONE)
    whole = "".join(texts)
    wanted = [*([Text(whole)] if whole else []), Finish("stop"), Done()]
    assert read(CompletionsReader(), *cut(body, cuts)) == wanted
