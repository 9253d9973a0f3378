from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from chatadapters import (
    Finish,
    HistoryError,
    Message,
    OptionError,
    Predict,
    ProviderStreamError,
    Reply,
    Retry,
    ToolCallPart,
    ToolResultPart,
    Usage,
    echo_predict,
    fallback,
    make_predict,
    openai_predict,
)
from chatadapters.otel import traced
from chatadapters.testing import Pause, ScriptedBackend
from chatadapters.testing.faults import TEXT, FaultServer
from tests.both import Run

SECRET = "a private question"


class Spans:
    """What a real SDK collects."""

    def __init__(self) -> None:
        self._exporter, self.provider = InMemorySpanExporter(), TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def traced(self, predict: Predict, *, content: bool = False) -> Predict:
        return traced(predict, content=content, tracer_provider=self.provider)

    @property
    def one(self) -> ReadableSpan:
        (span,) = self._exporter.get_finished_spans()
        return span

    @property
    def attributes(self) -> dict[str, Any]:
        return dict(self.one.attributes or {})


@pytest.fixture
def spans() -> Spans:
    return Spans()


def scripted(*scripts: Any, **options: Any) -> Predict:
    return make_predict(ScriptedBackend(*scripts), **{"retry": Retry(wait=0.01), **options})


@pytest.mark.parametrize("view", ["predict", "deltas", "events"])
def test_a_reply_is_one_span(run: Run, spans: Spans, view: str) -> None:
    """Through the real SDK of OpenAI: name, kind, request, server, first text, end."""
    with FaultServer() as server:
        url = server.url("ok")
        predict = openai_predict("gpt-x", base_url=url, api_key="k", temperature=0.5, stop=["\0"])
        assert run(spans.traced(predict), view, SECRET)
        predict.close()
    told = spans.attributes
    assert (spans.one.name, spans.one.kind) == ("chat gpt-x", SpanKind.CLIENT)
    assert told["gen_ai.operation.name"] == "chat"
    assert told["gen_ai.provider.name"] == "openai"
    assert told["gen_ai.request.model"] == "gpt-x"
    assert told["gen_ai.request.temperature"] == 0.5
    assert told["gen_ai.request.stop_sequences"] == ("\0",)
    assert told["server.address"] == "127.0.0.1"
    assert told["gen_ai.response.finish_reasons"] == ("stop",)
    assert told["chatadapters.attempts"] == 1
    assert told["gen_ai.response.time_to_first_chunk"] > 0
    assert spans.one.status.status_code is StatusCode.UNSET
    assert SECRET not in spans.one.to_json()
    assert TEXT not in spans.one.to_json()


def test_the_first_text_is_timed(run: Run, spans: Spans) -> None:
    """The time to the first text is that, and not the time to the end."""
    script = [Pause(0.05), "Hello ", Pause(1.5), "you.", Finish("stop")]
    run(spans.traced(scripted(script)), "predict", "Hi")
    assert spans.one.end_time is not None
    assert spans.one.start_time is not None
    whole = (spans.one.end_time - spans.one.start_time) / 1e9
    first = spans.attributes["gen_ai.response.time_to_first_chunk"]
    assert 0.04 <= first <= whole - 0.5


def test_tokens_are_told(run: Run, spans: Spans) -> None:
    """What the provider counted, and only that."""
    usage = Usage(input_tokens=12, output_tokens=5, cached_tokens=0)
    run(spans.traced(scripted(["Hi.", Finish("length", usage)])), "events", "Hi")
    told = {k: v for k, v in spans.attributes.items() if k.startswith("gen_ai.usage.")}
    assert told == {
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 0,
    }
    assert spans.attributes["gen_ai.response.finish_reasons"] == ("length",)


def test_retries_are_events(run: Run, spans: Spans) -> None:
    """Each attempt after the first is an event that says what the one before failed with."""
    run(spans.traced(scripted(["a ", ConnectionResetError("gone")], "a b")), "predict", "Hi")
    assert spans.attributes["chatadapters.attempts"] == 2
    (event,) = spans.one.events
    assert event.name == "chatadapters.retry"
    assert dict(event.attributes or {}) == {
        "chatadapters.attempt": 2,
        "error.type": "ConnectionResetError",
    }


def test_retries_over_http_are_events(run: Run, spans: Spans) -> None:
    """The same through a real SDK, whose stream is read with deadlines in sync code."""
    with FaultServer(speed=10) as server:
        url = server.url("reset_mid_once")
        predict = openai_predict("m", base_url=url, api_key="k", retry=Retry(wait=0.01))
        assert run(spans.traced(predict), "predict", "Hi")[-1] == TEXT
        predict.close()
    assert spans.attributes["chatadapters.attempts"] == 2
    assert [event.name for event in spans.one.events] == ["chatadapters.retry"]


def test_a_failed_reply_is_a_failed_span(run: Run, spans: Spans) -> None:
    """The error's type is told, and its text, which may repeat the prompt, is not."""
    failing = scripted([ProviderStreamError(f"cannot say {SECRET}")], retry=Retry(attempts=1))
    with pytest.raises(ProviderStreamError):
        run(spans.traced(failing), "predict", SECRET)
    assert spans.attributes["error.type"] == "ProviderStreamError"
    assert spans.one.status.status_code is StatusCode.ERROR
    assert SECRET not in spans.one.to_json()


def test_what_cannot_be_read_is_a_failed_span(run: Run, spans: Spans) -> None:
    """A history that is no history fails before anything is sent, and is traced too."""
    with pytest.raises(HistoryError):
        run(spans.traced(echo_predict()), "predict", "Hi", [42])
    assert spans.attributes == {"error.type": "HistoryError"}


def test_a_reply_that_was_given_up_says_so(spans: Spans) -> None:
    """Closing the generator ends the span; nothing is called an error."""
    script = ["one ", Pause(30), "two"]
    replies = spans.traced(scripted(script, pace=0)).deltas("Hi")
    next(replies)
    replies.close()
    assert spans.attributes["chatadapters.stopped"] is True
    assert spans.one.status.status_code is StatusCode.UNSET


async def test_a_reply_that_was_given_up_says_so_async(spans: Spans) -> None:
    """The same for the async twin."""
    script = ["one ", Pause(30), "two"]
    replies = spans.traced(scripted(script, pace=0)).aio.deltas("Hi")
    await anext(replies)
    await replies.aclose()
    assert spans.attributes["chatadapters.stopped"] is True


def test_content_is_told_when_it_is_wanted(run: Run, spans: Spans) -> None:
    """`content=True` adds what was asked and answered, as the conventions write it."""
    predict = spans.traced(scripted("Hello Ada.", system="Be kind."), content=True)
    run(predict, "predict", SECRET, [["Hi", "Hello."]])
    asked = json.loads(spans.attributes["gen_ai.input.messages"])
    assert [message["role"] for message in asked] == ["system", "user", "assistant", "user"]
    assert asked[-1]["parts"] == [{"type": "text", "content": SECRET}]
    (said,) = json.loads(spans.attributes["gen_ai.output.messages"])
    assert said == {
        "role": "assistant",
        "parts": [{"type": "text", "content": "Hello Ada."}],
        "finish_reason": "stop",
    }


def test_calls_of_tools_are_told_with_their_results(run: Run, spans: Spans) -> None:
    """As the conventions write them, and not as files of a kind that nobody knows."""
    call = {"id": "2", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    predict = spans.traced(scripted([Finish("tool_calls", tool_calls=(call,))]), content=True)
    history = [
        Message("user", SECRET),
        Message("assistant", (ToolCallPart("1", "find", '{"x": 1}'),)),
    ]
    run(predict, "events", Message("tool", (ToolResultPart("1", "found"),)), history)
    asked = json.loads(spans.attributes["gen_ai.input.messages"])
    assert [message["parts"] for message in asked[1:]] == [
        [{"type": "tool_call", "id": "1", "name": "find", "arguments": '{"x": 1}'}],
        [{"type": "tool_call_response", "id": "1", "response": "found"}],
    ]
    (said,) = json.loads(spans.attributes["gen_ai.output.messages"])
    assert said["parts"] == [{"type": "tool_call", "id": "2", "name": "add", "arguments": "{}"}]


def test_a_fallback_is_one_span(run: Run, spans: Spans) -> None:
    """The span of several predicts says which one answered, and how often was asked."""
    dead = scripted([ConnectionResetError()], retry=Retry(attempts=1))
    told: list[Reply] = []
    dead = dead.using(on_finish=told.append)
    run(spans.traced(fallback(dead, echo_predict())), "predict", "hello")
    assert [type(reply.error) for reply in told] == [ConnectionResetError]
    assert spans.one.status.is_ok or spans.one.status.is_unset
    assert spans.attributes["gen_ai.provider.name"] == "echo"
    assert spans.attributes["chatadapters.attempts"] == 2
    with pytest.raises(OptionError, match="traced as a whole"):
        fallback(spans.traced(dead), echo_predict())


def test_only_a_predict_is_traced() -> None:
    """Not one of its views, nor another function."""
    for wrong in (None, echo_predict().aio, echo_predict().deltas, print):
        with pytest.raises(OptionError, match="traced takes a predict"):
            traced(wrong)  # type: ignore[arg-type]


def test_it_stays_what_it_was(spans: Spans) -> None:
    """Views, inputs, `using`, `build`, `backend` and `on_finish` are as without tracing."""
    seen: list[Reply] = []
    plain = echo_predict(on_finish=seen.append, additional_inputs=["delay"])
    predict = spans.traced(plain)
    assert predict.backend is plain.backend
    assert predict.build("hello") == plain.build("hello")
    assert list(predict.using(pace=0)("hello", [], 0))[-1] == "hello"
    assert [reply.text for reply in seen] == ["hello"]
    assert spans.one.name == "chat"


def test_a_span_is_the_child_of_the_current_one(run: Run) -> None:
    """A reply belongs to the request of the web app that it answers."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("app").start_as_current_span("request"):
        run(traced(echo_predict(), tracer_provider=provider), "predict", "hello")
    chat, request = exporter.get_finished_spans()
    assert chat.parent is not None
    assert request.context is not None
    assert chat.parent.span_id == request.context.span_id


async def test_many_replies_have_a_span_each(spans: Spans) -> None:
    """Replies at the same time do not mix."""
    predict = spans.traced(echo_predict())
    texts = [f"text {number}" for number in range(20)]
    replies = await asyncio.gather(*(predict.aio.complete(text) for text in texts))
    assert [reply.text for reply in replies] == texts
    finished = spans._exporter.get_finished_spans()
    assert len({span.context.span_id for span in finished if span.context}) == 20


def test_who_does_not_trace_pays_nothing() -> None:
    """A reply without tracing imports nothing of it."""
    code = (
        "import sys, chatadapters as c\n"
        "c.echo_predict().complete('hello')\n"
        "print([n for n in sys.modules if 'otel' in n or 'opentelemetry' in n])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
