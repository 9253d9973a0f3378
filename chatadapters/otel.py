"""OpenTelemetry spans for replies, in the semantic conventions for generative AI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ._conversation import Message
from ._events import Progress, Reasoning, Text
from ._parts import TextPart
from ._predict import predict_of
from ._registry import missing
from ._version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.trace import Span, Tracer, TracerProvider

    from ._backend import Backend, Reader
    from ._call import Call
    from ._events import Finish, ReaderEvent, Reply
    from ._protocols import Predict
    from ._spec import Answers

__all__ = ["traced"]

#: Request options as the conventions name them, by the names that providers have for them.
_OPTIONS = {
    "frequency_penalty": "frequency_penalty",
    "max_completion_tokens": "max_tokens",
    "max_new_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "max_tokens": "max_tokens",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
    "temperature": "temperature",
    "top_k": "top_k",
    "top_p": "top_p",
}
_USAGE = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "reasoning_tokens": "reasoning.output_tokens",
    "cached_tokens": "cache_read.input_tokens",
}


def traced(
    predict: Predict, *, content: bool = False, tracer_provider: TracerProvider | None = None
) -> Predict:
    """Give a predict whose replies are OpenTelemetry spans.

    A reply, with all its attempts, is one span of kind CLIENT, a child of the span that is
    current when it begins. It has the attributes of the conventions for generative AI
    (`gen_ai.request.model`, `gen_ai.usage.input_tokens`, `gen_ai.response.finish_reasons`,
    `gen_ai.response.time_to_first_chunk` in seconds, `error.type`, ...), and
    `chatadapters.attempts`; an attempt after the first is an event `chatadapters.retry`. A
    reply that its reader gave up has `chatadapters.stopped`. A predict that is not traced
    pays nothing.

    Args:
        predict: What a factory made, or `fallback`.
        content: Whether spans also have what was said, and the texts of errors, which may
            repeat it; by default they have neither.
        tracer_provider: Who takes the spans; by default the global one.

    Returns:
        The same predict, with all its views.

    Raises:
        MissingDependencyError: opentelemetry-api is not installed.

    Example:
        >>> from chatadapters import echo_predict
        >>> from opentelemetry.sdk.trace import TracerProvider
        >>> from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        >>> from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
        >>> spans, provider = InMemorySpanExporter(), TracerProvider()
        >>> provider.add_span_processor(SimpleSpanProcessor(spans))
        >>> predict = traced(echo_predict(), tracer_provider=provider)
        >>> predict.complete("hello").text
        'hello'
        >>> [span.name for span in spans.get_finished_spans()]
        ['chat']
    """
    try:
        from opentelemetry.trace import get_tracer
    except ImportError as error:
        raise missing("opentelemetry-api", "otel") from error
    tracer = get_tracer("chatadapters", __version__, tracer_provider)
    spec: Answers = predict.spec  # type: ignore[attr-defined] # what a factory made has one
    return predict_of(_TracedSpec(spec, tracer, content))


@dataclass(frozen=True)
class _TracedSpec:
    """A spec whose calls report to a span each; in all else it is the one it wraps."""

    spec: Answers
    tracer: Tracer = field(compare=False)
    content: bool = False

    @property
    def backend(self) -> Backend:
        return self.spec.backend

    @property
    def additional_inputs(self) -> tuple[str, ...]:
        return self.spec.additional_inputs

    @property
    def show_reasoning(self) -> bool:
        return self.spec.show_reasoning

    @property
    def notice(self) -> Callable[[Finish], str | None] | None:
        return self.spec.notice

    def built(self, message: Any, history: Any) -> Any:
        return self.spec.built(message, history)

    def close(self) -> None:
        self.spec.close()

    async def aclose(self) -> None:
        await self.spec.aclose()

    def changed(self, changes: Mapping[str, Any]) -> _TracedSpec:
        return replace(self, spec=self.spec.changed(changes))

    def with_inputs(self, values: Sequence[Any], named: Mapping[str, Any]) -> _TracedSpec:
        return replace(self, spec=self.spec.with_inputs(values, named))

    def conversation(self, message: Any, history: Any) -> list[Message]:
        return self.spec.conversation(message, history)

    def call(self, message: Any, history: Any, *, paced: bool, needs_text: bool) -> Call:
        """Begin the span and decide what is decided beforehand; a failure ends it."""
        from opentelemetry.trace import SpanKind

        span = self.tracer.start_span("chat", kind=SpanKind.CLIENT)
        watch = _Watch(span, self.content and span.is_recording())
        try:
            call = self.spec.call(message, history, paced=paced, needs_text=needs_text)
            if watch.content:
                watch.asked(self.spec.conversation(message, history))
        except Exception as error:
            watch.failed(error)
            span.end()
            raise
        return watch.over(call)


class _Watch:
    """Tells one span what becomes of one reply."""

    def __init__(self, span: Span, content: bool) -> None:
        self._span, self.content = span, content
        self._began = monotonic()
        self._attempts = 0
        self._waiting = True
        self.last_error: BaseException | None = None

    def over(self, call: Call) -> Call:
        """Give a call, whose backend and end are watched, and so those after it."""
        self._requested(call)
        changed: dict[str, Any] = {
            "backend": _WatchedBackend(call.backend, self),
            "on_finish": partial(self._ended, call.on_finish),
        }
        if call.next is not None:
            following = call.next
            changed["next"] = lambda: self.over(following())
        return replace(call, **changed)

    def asked(self, conversation: Sequence[Message]) -> None:
        """Take down what is asked."""
        self._set("gen_ai.input.messages", json.dumps([*map(_written, conversation)]))

    def begins(self) -> None:
        """Take note that an attempt begins."""
        self._attempts += 1
        if self._attempts > 1:
            kind = type(self.last_error).__name__ if self.last_error is not None else "_OTHER"
            self._span.add_event(
                "chatadapters.retry", {"chatadapters.attempt": self._attempts, "error.type": kind}
            )

    def came(self, events: Sequence[ReaderEvent]) -> None:
        """Take note of the first content."""
        if self._waiting and any(isinstance(e, Text | Reasoning | Progress) for e in events):
            self._waiting = False
            self._set("gen_ai.response.time_to_first_chunk", monotonic() - self._began)

    def failed(self, error: BaseException) -> None:
        """Take note of the error that a reply failed with."""
        from opentelemetry.trace import Status, StatusCode

        self._set("error.type", type(error).__name__)
        self._span.set_status(Status(StatusCode.ERROR, str(error) if self.content else None))
        if self.content:
            self._span.record_exception(error)

    def _requested(self, call: Call) -> None:
        payload: Any = call.payload
        given: dict[str, Any] = dict(payload) if isinstance(payload, Mapping) else {}
        nested: Any = given.get("parameters")
        given |= dict(nested) if isinstance(nested, Mapping) else {}
        backend = call.backend
        model = given.get("model") or getattr(backend, "model", None)
        self._set("gen_ai.operation.name", "chat")
        self._set("gen_ai.provider.name", backend.name)
        self._set("gen_ai.request.stream", True)
        if isinstance(model, str):
            self._set("gen_ai.request.model", model)
            self._span.update_name(f"chat {model}")
        for name, value in given.items():
            if name in _OPTIONS and isinstance(value, int | float):
                self._set(f"gen_ai.request.{_OPTIONS[name]}", value)
        if call.rules.stop:
            self._set("gen_ai.request.stop_sequences", call.rules.stop)
        self._located(getattr(backend, "base_url", None))

    def _located(self, url: object) -> None:
        parts = urlsplit(url) if isinstance(url, str) else None
        if parts is not None and parts.hostname:
            self._set("server.address", parts.hostname)
            self._set("server.port", parts.port or (443 if parts.scheme == "https" else 80))

    def _ended(self, on_finish: Callable[[Reply], object] | None, reply: Reply) -> None:
        try:
            self._replied(reply)
        finally:
            self._span.end()
            if on_finish is not None:
                on_finish(reply)

    def _replied(self, reply: Reply) -> None:
        self._set("chatadapters.attempts", reply.attempts)
        if reply.finish_reason is not None:
            self._set("gen_ai.response.finish_reasons", (reply.finish_reason,))
        for name, told in _USAGE.items():
            count = getattr(reply.usage, name, None)
            if count is not None:
                self._set(f"gen_ai.usage.{told}", count)
        if self.content:
            said = [{**_written(Message("assistant", reply.text)), "finish_reason": _reason(reply)}]
            self._set("gen_ai.output.messages", json.dumps(said))
        if reply.error is not None:
            self.failed(reply.error)
        elif reply.finish_reason is None:
            self._set("chatadapters.stopped", True)

    def _set(self, name: str, value: Any) -> None:
        self._span.set_attribute(name, value)


class _WatchedBackend:
    """A backend whose attempts are watched; in all else it is the one it wraps."""

    def __init__(self, backend: Backend, watch: _Watch) -> None:
        self._backend, self._watch = backend, watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def reader(self) -> Any:
        return _WatchedReader(self._backend.reader(), self._watch)

    def stream(self, payload: Any, timeout: Any) -> Any:
        self._watch.begins()
        return self._backend.stream(payload, timeout)

    def timed_stream(self, payload: Any, timeout: Any) -> Any:
        timed = self._backend.timed_stream(payload, timeout)
        if timed is not None:  # else `stream` is called, and counts
            self._watch.begins()
        return timed

    def astream(self, payload: Any, timeout: Any) -> Any:
        self._watch.begins()
        return self._backend.astream(payload, timeout)

    def retryable(self, error: BaseException) -> bool | None:
        self._watch.last_error = error
        return self._backend.retryable(error)


class _WatchedReader:
    """A reader whose first content is noticed."""

    def __init__(self, reader: Reader, watch: _Watch) -> None:
        self._reader, self._watch = reader, watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def feed(self, chunk: Any) -> Sequence[ReaderEvent]:
        events = self._reader.feed(chunk)
        self._watch.came(events)
        return events


def _reason(reply: Reply) -> str:
    return reply.finish_reason or "error"


def _written(message: Message) -> dict[str, Any]:
    """Give a message as the conventions write it; of a file, its kind only."""
    content = (TextPart(message.content),) if isinstance(message.content, str) else message.content
    parts = [
        {"type": "text", "content": part.text}
        if isinstance(part, TextPart)
        else {"type": "blob", "modality": type(part).__name__.removesuffix("Part").lower()}
        for part in content
    ]
    return {"role": message.role, "parts": parts}
