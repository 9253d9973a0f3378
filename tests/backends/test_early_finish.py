"""Servers that say with each piece of an answer that it is finished, as proxies of Gemini do."""

from __future__ import annotations

import json
from time import monotonic
from typing import Any

import pytest

from chatadapters import (
    Finish,
    LimitExceededError,
    Limits,
    Predict,
    Reasoning,
    Retry,
    Text,
    Timeout,
    Usage,
    openai_predict,
    text_generation_predict,
)
from chatadapters._events import Done, Progress
from chatadapters.backends._openai_chat import ChatReader
from chatadapters.backends._raw_completions import CompletionsReader
from tests.backends.reading import DONE, read, stream
from tests.backends.served import HOLD, Served, answer
from tests.both import Run, complete

CALL = {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}
COUNTS = {"prompt_tokens": 9, "completion_tokens": 3}


def chunk(finish: str | None = "stop", **delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


USAGE = {"choices": [], "usage": COUNTS}


@pytest.mark.parametrize("end", [[chunk(), DONE], [DONE], [USAGE, DONE], [chunk()], [USAGE], []])
def test_an_answer_goes_on_as_long_as_text_comes(end: list[Any]) -> None:
    """The finish that counts is the one that nothing follows."""
    body = stream(
        chunk(role="assistant"),
        chunk(reasoning_content="Hm"),
        {"type": "ping"},
        chunk(content="Hel"),
        chunk("length", content="lo"),
        chunk("stop", content=" you"),
        *end,
    )
    events = read(ChatReader(), body)
    said = [each for each in events if isinstance(each, Text | Reasoning | Finish)]
    assert said == [Reasoning("Hm"), Text("Hello you"), Finish("stop")]
    assert (Done() in events) == (DONE in end)
    assert (Usage(9, 3) in events) == (USAGE in end)


def test_calls_count_as_text_does() -> None:
    """The finish says what there was in all."""
    *events, finish = read(ChatReader(), stream(chunk(tool_calls=[CALL]), chunk(content="Hi")))
    assert events == [Text("Hi"), Progress(2)]
    assert (finish.reason, len(finish.tool_calls)) == ("tool_calls", 1)


def test_the_finish_comes_when_nothing_can_follow() -> None:
    """At once, where it stands alone."""
    reader = ChatReader()
    assert reader.feed(stream(chunk(content="Hi"))) == [Text("Hi")]
    assert reader.feed(stream(chunk())) == [Finish("stop")]


END = b'data: {"error": {"message": "m"}}\n\n'


def piece(finish: str | None = "stop", *, content: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "text": content, "finish_reason": finish}]}


def raw_predict(model: str, *, base_url: str, **options: Any) -> Predict:
    return text_generation_predict(base_url, wire="completions", model=model, **options)


WIRES = pytest.mark.parametrize(
    ("make", "said"), [(openai_predict, chunk), (raw_predict, piece)], ids=["chat", "raw"]
)


@WIRES
@pytest.mark.parametrize("after", [[HOLD], [END], [b"data: {\n\n"]])
def test_a_finish_counts_though_the_stream_breaks(
    make: Any, said: Any, after: list[Any], run: Run
) -> None:
    """As any does: the text was whole, whether the server closes the connection or not."""
    with Served([answer(stream(said(None, content="Hel"), said(content="lo")), *after)]) as server:
        predict = make("m", base_url=server.url, timeout=Timeout(idle=0.3))
        reply = complete(run, predict, "Hi")
        assert (reply.text, reply.finish_reason, reply.attempts) == ("Hello", "stop", 1)


@pytest.mark.parametrize(
    "last", [piece(content="lo"), {"content": "lo", "stop": True, "stop_type": "eos"}]
)
@pytest.mark.parametrize("first", [piece(None, content="Hel"), {"content": "Hel", "stop": False}])
def test_a_raw_completion_is_over_with_a_finish_that_the_others_had_not(
    first: Any, last: Any, run: Run
) -> None:
    """Nobody waits for more where the server keeps the connection open."""
    with Served([answer(stream(first, last), HOLD)]) as server:
        predict = raw_predict("m", base_url=server.url, timeout=Timeout(idle=60))
        began = monotonic()
        reply = complete(run, predict, "Hi")
    assert (reply.text, reply.finish_reason) == ("Hello", "stop")
    assert monotonic() - began < 10


def test_a_completion_of_llama_cpp_is_over_where_it_says_so() -> None:
    """Its one piece may have all of the text."""
    reader = CompletionsReader()
    body = stream({"content": "Hi", "stop": True, "stop_type": "limit"})
    assert reader.feed(body) == [Text("Hi"), Finish("length")]


@WIRES
def test_a_server_that_says_it_each_time_has_not_finished_where_it_breaks(
    make: Any, said: Any, run: Run
) -> None:
    """It said the same of texts that went on."""
    broken = stream(said(content="He"), said(content="l")) + END
    whole = stream(said(content="He"), said(content="llo"), DONE)
    with Served([answer(broken), answer(whole)]) as server:
        predict = make("m", base_url=server.url, retry=Retry(wait=0, midstream="restart"))
        reply = complete(run, predict, "Hi")
        assert (reply.text, reply.attempts) == ("Hello", 2)


@pytest.mark.parametrize("said", [{"content": ""}, {"content": None, "tool_calls": [CALL]}])
def test_an_answer_without_text_may_come_whole(said: dict[str, Any]) -> None:
    """It is an answer, not a body of another kind."""
    choice = {"index": 0, "message": {"role": "assistant", **said}, "finish_reason": "stop"}
    *_, finish = read(ChatReader(), json.dumps({"choices": [choice]}).encode())
    assert len(finish.tool_calls) == len(said.get("tool_calls", ()))


def test_a_text_that_is_too_long_is_not_finished(run: Run) -> None:
    """Although the piece that is too much says so."""
    with Served([answer(stream(chunk(content="Hello")))]) as server:
        predict = openai_predict("m", base_url=server.url, limits=Limits(reply=3))
        with pytest.raises(LimitExceededError):
            complete(run, predict, "Hi")
