"""The dialect of OpenAI's Responses API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .answers import Event, json_event
from .parts import Dialect, Parts


class Responses(Dialect):
    """OpenAI Responses: every event has a type, and the last one the whole response."""

    name = "responses"
    paths = ("/responses",)

    def event(self, kind: str, number: int, **fields: Any) -> Event:
        """Give one event."""
        return json_event({"type": kind, "sequence_number": number, **fields}, kind)

    def response(self, status: str, items: Sequence[Any] = (), **fields: Any) -> dict[str, Any]:
        """Give the response object."""
        base = {"id": "resp_1", "object": "response", "created_at": 1_700_000_000, "error": None}
        rest = {"model": "fault", "tools": [], "tool_choice": "auto", "parallel_tool_calls": True}
        known = {"status": status, "incomplete_details": None, "output": list(items)}
        return base | rest | known | {"usage": None} | fields

    def message(self, text: str) -> dict[str, Any]:
        """Give the output item of an answer."""
        part = {"type": "output_text", "text": text, "annotations": []}
        item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
        return item | {"content": [part]}

    def ended(self, status: str, items: Sequence[Any], number: int, **fields: Any) -> Event:
        """Give the last event."""
        response = self.response(status, items, usage=self._usage(), **fields)
        return self.event(f"response.{status}", number, response=response)

    def _usage(self) -> dict[str, Any]:
        inputs = {"input_tokens": 7, "input_tokens_details": {"cached_tokens": 0}}
        outputs = {"output_tokens": 22, "output_tokens_details": {"reasoning_tokens": 0}}
        return {**inputs, **outputs, "total_tokens": 29}

    def head(self) -> list[Event]:
        """Give the events before the first text."""
        created = self.event("response.created", 0, response=self.response("in_progress"))
        item = self.message("") | {"status": "in_progress", "content": []}
        added = self.event("response.output_item.added", 1, output_index=0, item=item)
        part = {"type": "output_text", "text": "", "annotations": []}
        return [created, added, self._part("response.content_part.added", 2, part=part)]

    def _part(self, kind: str, number: int, **fields: Any) -> Event:
        place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
        return self.event(kind, number, **place, **fields)

    def text(self, delta: str, number: int, kind: str = "output_text") -> Event:
        """Give one delta; its kind is `output_text`, `refusal` or `reasoning_text`."""
        return self._part(f"response.{kind}.delta", number, delta=delta)

    def reply(self, deltas: Sequence[str], reason: str = "stop") -> Parts:
        """Give the events around the text, the deltas and the finished response."""
        head, text = self.head(), "".join(deltas)
        texts = [self.text(delta, number) for number, delta in enumerate(deltas, len(head))]
        after = len(head) + len(texts)
        done = self._part("response.output_text.done", after, text=text)
        item = self.message(text)
        closed = self.event("response.output_item.done", after + 1, output_index=0, item=item)
        return Parts(head, texts, [done, closed, self._end(item, reason, after + 2)], [])

    def _end(self, item: Mapping[str, Any], reason: str, number: int) -> Event:
        if reason == "stop":
            return self.ended("completed", [item], number)
        named = {"length": "max_output_tokens"}.get(reason, reason)
        return self.ended("incomplete", [item], number, incomplete_details={"reason": named})

    def error(self, message: str, code: str | int = "server_error") -> Event:
        """Give the event of type `error`."""
        return self.event("error", 3, code=str(code), message=message, param=None)

    def completion(self, text: str) -> dict[str, Any]:
        """Give a finished response."""
        return self.response("completed", [self.message(text)], usage=self._usage())
