"""What a span is told of a reply, in the semantic conventions for generative AI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ._events import Progress, Reasoning, Text
from ._parts import Message, TextPart, ToolCallPart, ToolResultPart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.trace import Span

    from ._call import Call
    from ._events import ReaderEvent, Reply
    from ._parts import Part

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


class ReplySpan:
    """Tells one span what becomes of one reply.

    Args:
        span: The span, begun.
        content: Whether it also gets what is said, and the texts of errors.

    Attributes:
        call: What was requested last.
        last_error: What the last attempt failed with.
    """

    def __init__(self, span: Span, content: bool) -> None:
        self._span, self.content = span, content
        self._began = monotonic()
        self._attempts = 0
        self._waiting = True
        self.call: Call | None = None
        self.last_error: BaseException | None = None

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

    def requested(self, call: Call) -> None:
        """Take down what is asked of whom."""
        self.call = call
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

    def replied(self, reply: Reply) -> None:
        """Take down how the reply went."""
        self._set("chatadapters.attempts", reply.attempts)
        if reply.finish_reason is not None:
            self._set("gen_ai.response.finish_reasons", (reply.finish_reason,))
        for name, told in _USAGE.items():
            count = getattr(reply.usage, name, None)
            if count is not None:
                self._set(f"gen_ai.usage.{told}", count)
        if self.content:
            text = [TextPart(reply.text)] if reply.text else []
            said = _written(Message("assistant", (*text, *map(_call, reply.tool_calls))))
            self._set(
                "gen_ai.output.messages", json.dumps([{**said, "finish_reason": _reason(reply)}])
            )
        if reply.error is not None:
            self.failed(reply.error)
        elif reply.finish_reason is None:
            self._set("chatadapters.stopped", True)

    def end(self) -> None:
        """End the span."""
        self._span.end()

    def _set(self, name: str, value: Any) -> None:
        self._span.set_attribute(name, value)


def _reason(reply: Reply) -> str:
    return reply.finish_reason or "error"


def _call(call: Mapping[str, Any]) -> ToolCallPart:
    function = call.get("function") or {}
    return ToolCallPart(call.get("id", ""), function.get("name", ""), function.get("arguments", ""))


def _written(message: Message) -> dict[str, Any]:
    """Give a message as the conventions write it; of a file, its kind only."""
    content = (TextPart(message.content),) if isinstance(message.content, str) else message.content
    return {"role": message.role, "parts": [*map(_part, content)]}


def _part(part: Part) -> dict[str, Any]:
    match part:
        case TextPart():
            return {"type": "text", "content": part.text}
        case ToolCallPart():
            return {"type": "tool_call", "id": part.id, "name": part.name,
                    "arguments": part.arguments}  # fmt: skip
        case ToolResultPart():
            return {"type": "tool_call_response", "id": part.id, "response": part.text}
        case _:
            return {"type": "blob", "modality": type(part).__name__.removesuffix("Part").lower()}
