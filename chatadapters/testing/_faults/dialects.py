"""The dialects that the fault server speaks, each as the events of one reply."""

from __future__ import annotations

import json
from itertools import accumulate
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from .answers import Event, json_event

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DONE = Event("[DONE]")
_USAGE = {"prompt_tokens": 7, "completion_tokens": 22, "total_tokens": 29}


class Parts(NamedTuple):
    """The events of a reply: before the text, the text, its end, and what follows the end."""

    head: list[Event]
    texts: list[Event]
    tail: list[Event]
    after: list[Event]

    @property
    def events(self) -> list[Event]:
        """All events in order."""
        return [*self.head, *self.texts, *self.tail, *self.after]

    def until(self, texts: int) -> list[Event]:
        """The events up to and with this many pieces of text."""
        return [*self.head, *self.texts[:texts]]


class Dialect:
    """How one API names the events of a reply.

    Attributes:
        name: What `FaultServer.url` takes.
        base: The end of a base URL for this API.
        paths: The ends of the request paths that belong to it.
    """

    name: ClassVar[str]
    base: ClassVar[str] = "/v1"
    paths: ClassVar[tuple[str, ...]]

    def reply(self, deltas: Sequence[str], reason: str = "stop") -> Parts:
        """Give the events of a whole reply."""
        raise NotImplementedError

    def error(self, message: str, code: str | int = "server_error") -> Event:
        """Give the event that reports an error inside a stream."""
        kind = code if isinstance(code, str) else "server_error"
        return json_event({"error": {"message": message, "type": kind, "code": code}})

    def error_body(self, message: str, code: str = "server_error") -> dict[str, Any]:
        """Give the JSON body of an HTTP error."""
        return {"error": {"message": message, "type": code, "param": None, "code": code}}

    def completion(self, text: str) -> dict[str, Any]:
        """Give the JSON object that answers a request without `stream`."""
        raise NotImplementedError

    def continued(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # some APIs cannot
        """Give the text at whose end the request asks to go on, `""` when it does not ask."""
        return ""


class Chat(Dialect):
    """OpenAI chat completions."""

    name = "openai"
    paths = ("/chat/completions",)

    def chunk(
        self, delta: Mapping[str, Any] | None = None, finish: str | None = None, **extra: Any
    ) -> Event:
        """Give one chunk; without a delta and a finish its `choices` is empty."""
        choice = {"index": 0, "delta": delta or {}, "logprobs": None, "finish_reason": finish}
        choices = [] if delta is None and finish is None else [choice]
        chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000}
        return json_event(chunk | {"model": "fault", "choices": choices} | extra)

    def reply(self, deltas: Sequence[str], reason: str = "stop") -> Parts:
        """Give the role, the deltas, the finish and `[DONE]`."""
        head = [self.chunk({"role": "assistant", "content": ""})]
        texts = [self.chunk({"content": delta}) for delta in deltas]
        return Parts(head, texts, [self.chunk({}, reason)], [DONE])

    def completion(self, text: str) -> dict[str, Any]:
        """Give a chat completion."""
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        whole = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000}
        return whole | {"model": "fault", "choices": [choice], "usage": _USAGE}

    def continued(self, body: Mapping[str, Any]) -> str:
        """Read the trailing assistant message of a request that asks to continue it."""
        last = (body.get("messages") or [{}])[-1]
        asked = body.get("continue_final_message") or last.get("prefix") or last.get("partial")
        wanted = asked and last.get("role") == "assistant"
        return str(last.get("content")) if wanted else ""


class Completions(Dialect):
    """OpenAI raw completions."""

    name = "completions"
    paths = ("/completions",)

    def chunk(self, text: str, finish: str | None = None, **extra: Any) -> Event:
        """Give one chunk."""
        choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}
        chunk = {"id": "cmpl-1", "object": "text_completion", "created": 1_700_000_000}
        return json_event(chunk | {"model": "fault", "choices": [choice]} | extra)

    def reply(self, deltas: Sequence[str], reason: str = "stop") -> Parts:
        """Give the deltas, the finish and `[DONE]`."""
        texts = [self.chunk(delta) for delta in deltas]
        return Parts([], texts, [self.chunk("", reason)], [DONE])

    def completion(self, text: str) -> dict[str, Any]:
        """Give a text completion."""
        choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": "stop"}
        whole = {"id": "cmpl-1", "object": "text_completion", "created": 1_700_000_000}
        return whole | {"model": "fault", "choices": [choice], "usage": _USAGE}

    def continued(self, body: Mapping[str, Any]) -> str:
        """Read the prompt: its end may be a text begun."""
        return str(body.get("prompt") or "")


class Tgi(Dialect):
    """Text Generation Inference: `/generate_stream`, or `/` with `stream`."""

    name = "tgi"
    base = ""
    paths = ("/generate_stream", "/generate", "/")

    def token(self, text: str, index: int, *, special: bool = False, **extra: Any) -> Event:
        """Give the event of one token; only the last one has `generated_text`."""
        token = {"id": 1000 + index, "text": text, "logprob": -0.25, "special": special}
        event = {"index": index, "token": token, "generated_text": None, "details": None}
        return json_event(event | extra)

    def reply(self, deltas: Sequence[str], reason: str = "stop") -> Parts:
        """Give the tokens; the last is the end token, or text when the length is reached."""
        details = self._details(len(deltas), reason)
        ends: dict[str, Any] = {"generated_text": "".join(deltas), "details": details}
        if reason == "length":
            *begun, last = deltas
            return Parts([], self._tokens(begun), [self.token(last, len(begun) + 1, **ends)], [])
        end = self.token("</s>", len(deltas) + 1, special=True, **ends)
        return Parts([], self._tokens(deltas), [end], [])

    def _tokens(self, deltas: Sequence[str]) -> list[Event]:
        return [self.token(delta, index) for index, delta in enumerate(deltas, 1)]

    def _details(self, tokens: int, reason: str) -> dict[str, Any]:
        named = {"stop": "eos_token"}.get(reason, reason)
        counts = {"generated_tokens": tokens, "seed": None, "input_length": 7}
        return {"finish_reason": named, **counts}

    def error(self, message: str, code: str | int = "generation") -> Event:
        """Give the error event, whose `error` is a text."""
        return json_event(self.error_body(message, str(code)))

    def error_body(self, message: str, code: str = "generation") -> dict[str, Any]:
        """Give the error object, whose `error` is a text."""
        return {"error": message, "error_type": code}

    def completion(self, text: str) -> dict[str, Any]:
        """Give what `/generate` answers."""
        return {"generated_text": text, "details": self._details(22, "stop")}

    def continued(self, body: Mapping[str, Any]) -> str:
        """Read the prompt: its end may be a text begun."""
        return str(body.get("inputs") or "")


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


CHAT, COMPLETIONS, RESPONSES, TGI = Chat(), Completions(), Responses(), Tgi()
DIALECTS: Mapping[str, Dialect] = {d.name: d for d in (CHAT, COMPLETIONS, RESPONSES, TGI)}


def dialect_of(path: str) -> Dialect:
    """Tell from the end of a request path which API it is for."""
    for dialect in (CHAT, RESPONSES, COMPLETIONS):
        if path.endswith(dialect.paths):
            return dialect
    return TGI


def cumulative(deltas: Sequence[str]) -> list[str]:
    """Give for every delta the whole text so far."""
    return list(accumulate(deltas))


def loads(data: bytes) -> Any:
    """Read a request body: JSON where it is, else text."""
    try:
        return json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")
