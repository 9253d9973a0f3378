"""What a client gets: a reply in OpenAI's form, whole or as a stream of events. Pure."""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from .._events import Finish, Reasoning, Restarted, Text
from .._views import DeltaView

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._events import Event, Reply, Usage
    from ._request import Asked

_GOES_ON: Mapping[str, Any] = {"finish_reason": None}


class Answer:
    """Puts the events of one reply into OpenAI's chunks, or a whole reply into one object.

    Text that was sent cannot be taken back: after a restart it goes on while the new attempt
    repeats what was sent, and fails where it differs.

    Args:
        asked: The request that is answered.
    """

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._text, self._reasoning = DeltaView(), DeltaView()
        self._chat, self._opened = asked.chat, False
        self._head = {
            "id": f"{'chatcmpl' if asked.chat else 'cmpl'}-{uuid4().hex}",
            "created": int(time()),
            "model": asked.model,
        }

    def feed(self, event: Event) -> list[dict[str, Any]]:
        """Give the chunks for an event.

        Raises:
            IncompleteStreamError: A restart reads differently from what was sent.
        """
        chunks = self._chunks(event)
        if chunks and self._chat and not self._opened:
            self._opened = True
            chunks.insert(0, self._chunk({"role": "assistant", "content": ""}))
        return chunks

    def _chunks(self, event: Event) -> list[dict[str, Any]]:
        match event:
            case Text(delta):
                return self._deltas("content", self._text, Text(delta))
            case Reasoning(delta) if self._chat:
                return self._deltas("reasoning_content", self._reasoning, Text(delta))
            case Restarted():
                self._text.push(event)
                self._reasoning.push(event)
            case Finish():
                self._text.push(event)
                self._reasoning.push(event)
                return self._end(event)
        return []

    def whole(self, reply: Reply) -> dict[str, Any]:
        """Give a whole reply."""
        usage = usage_of(reply.usage)
        ended = _ended(reply.finish_reason)
        if not self._chat:
            choice: dict[str, Any] = {"index": 0, "text": reply.text, **ended}
            return self._object("text_completion", [{**choice, "logprobs": None}], usage)
        message: dict[str, Any] = {"role": "assistant", "content": reply.text}
        if reply.reasoning:
            message["reasoning_content"] = reply.reasoning
        if reply.tool_calls:
            message["tool_calls"] = _calls(reply.tool_calls)
            message["content"] = reply.text or None
        choice = {"index": 0, "message": message, **ended, "logprobs": None}
        return self._object("chat.completion", [choice], usage)

    def _deltas(self, name: str, view: DeltaView, event: Text) -> list[dict[str, Any]]:
        view.push(event)
        return [self._chunk({name: delta}) for delta in view.take(last=False)]

    def _end(self, finish: Finish) -> list[dict[str, Any]]:
        calls = [{"index": i, **call} for i, call in enumerate(_calls(finish.tool_calls))]
        chunks = [self._chunk({"tool_calls": calls})] if calls and self._chat else []
        chunks.append(self._chunk({}, _ended(finish.reason)))
        if self._asked.include_usage and (usage := usage_of(finish.usage)):
            chunks.append(self._object(self._kind(), [], usage))
        return chunks

    def _chunk(self, delta: dict[str, Any], ended: Mapping[str, Any] = _GOES_ON) -> dict[str, Any]:
        content: dict[str, Any] = {"delta": delta}
        if not self._chat:
            content = {"text": delta.get("content", ""), "logprobs": None}
        return self._object(self._kind(), [{"index": 0, **content, **ended}])

    def _kind(self) -> str:
        return "chat.completion.chunk" if self._chat else "text_completion"

    def _object(
        self, kind: str, choices: list[dict[str, Any]], usage: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        made = {**self._head, "object": kind, "choices": choices}
        return made if usage is None else {**made, "usage": usage}


def usage_of(usage: Usage | None) -> dict[str, Any] | None:
    """Give a usage in OpenAI's form; None when it is not known."""
    if usage is None:
        return None
    sent, got = usage.input_tokens, usage.output_tokens
    made: dict[str, Any] = {
        "prompt_tokens": sent or 0,
        "completion_tokens": got or 0,
        "total_tokens": (sent or 0) + (got or 0),
    }
    if usage.reasoning_tokens is not None:
        made["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning_tokens}
    if usage.cached_tokens is not None:
        made["prompt_tokens_details"] = {"cached_tokens": usage.cached_tokens}
    return made


def _calls(calls: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give tool calls that each have an id, without which no client could answer them."""
    return [{**call, "id": call.get("id") or f"call_{uuid4().hex}"} for call in calls]


def _ended(reason: str | None) -> dict[str, str]:
    """Say why a reply ended, in OpenAI's words, and what else was said in the field that vLLM has.

    Some of OpenAI's clients, such as its own for .NET, take no other word.
    """
    if reason in ("stop", "length", "content_filter", "tool_calls"):
        return {"finish_reason": reason}
    return {"finish_reason": "stop", "stop_reason": reason or "unknown"}
