"""OpenTelemetry spans for replies, in the semantic conventions for generative AI."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ._otel_span import ReplySpan
from ._predict import predict_of, spec_of
from ._registry import missing
from ._version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opentelemetry.trace import Tracer, TracerProvider

    from ._backend import Backend, Reader
    from ._call import Call
    from ._events import Notice, ReaderEvent, Reply
    from ._parts import Message
    from ._protocols import Predict
    from ._spec import SpecLike

__all__ = ["traced"]


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
        OptionError: It is no predict.

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
    spec = spec_of(predict, "traced")
    try:
        from opentelemetry.trace import get_tracer
    except ImportError as error:
        raise missing("opentelemetry-api", "otel") from error
    tracer = get_tracer("chatadapters", __version__, tracer_provider)
    return predict_of(_TracedSpec(spec, tracer, content))


@dataclass(frozen=True)
class _TracedSpec:
    """A spec whose calls report to a span each; in all else it is the one it wraps."""

    spec: SpecLike
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
    def notice(self) -> Notice | None:
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
        told = ReplySpan(span, self.content and span.is_recording())
        try:
            call = self.spec.call(message, history, paced=paced, needs_text=needs_text)
            if told.content:
                told.asked(self.spec.conversation(message, history))
        except Exception as error:  # whatever it is, its span is told and ended, and it goes on
            told.failed(error)
            told.end()
            raise
        return _watched(call, told)


def _watched(call: Call, told: ReplySpan) -> Call:
    """Give a call, whose backend and end are watched, and so those after it."""
    told.requested(call)
    changed: dict[str, Any] = {
        "backend": _WatchedBackend(call.backend, told),
        "on_finish": partial(_ended, told, call),
    }
    if call.next is not None:
        following = call.next
        changed["next"] = lambda: _watched(following(), told)
    return call._replace(**changed)


def _ended(told: ReplySpan, call: Call, reply: Reply) -> None:
    with ExitStack() as stack:
        if call.on_finish is not None:
            stack.callback(call.on_finish, reply)
        if told.call is call:  # else the next of a fallback is asked under the same span
            stack.callback(told.end)  # the last is called first
            told.replied(reply)


class _WatchedBackend:
    """A backend whose attempts are watched; in all else it is the one it wraps."""

    def __init__(self, backend: Backend, told: ReplySpan) -> None:
        self._backend, self._told = backend, told

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def reader(self) -> Any:
        return _WatchedReader(self._backend.reader(), self._told)

    def stream(self, payload: Any, timeout: Any) -> Any:
        self._told.begins()
        return self._backend.stream(payload, timeout)

    def timed_stream(self, payload: Any, timeout: Any) -> Any:
        timed = self._backend.timed_stream(payload, timeout)
        if timed is not None:  # else `stream` is called, and counts
            self._told.begins()
        return timed

    def astream(self, payload: Any, timeout: Any) -> Any:
        self._told.begins()
        return self._backend.astream(payload, timeout)

    def retryable(self, error: BaseException) -> bool | None:
        self._told.last_error = error
        return self._backend.retryable(error)


class _WatchedReader:
    """A reader whose first content is noticed."""

    def __init__(self, reader: Reader, told: ReplySpan) -> None:
        self._reader, self._told = reader, told

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def feed(self, chunk: Any) -> Sequence[ReaderEvent]:
        events = self._reader.feed(chunk)
        self._told.came(events)
        return events
