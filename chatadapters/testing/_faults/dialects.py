"""The dialects that the fault server speaks, each as the events of one reply."""

from __future__ import annotations

import json
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from .answers import Event, dumps, json_event
from .parts import Dialect, Parts
from .responses import Responses

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DONE = Event("[DONE]")
_USAGE = {"prompt_tokens": 7, "completion_tokens": 22, "total_tokens": 29}


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


CHAT, COMPLETIONS, RESPONSES, TGI = Chat(), Completions(), Responses(), Tgi()
DIALECTS: Mapping[str, Dialect] = {d.name: d for d in (CHAT, COMPLETIONS, RESPONSES, TGI)}


def dialect_of(path: str) -> Dialect:
    """Tell from the end of a request path which API it is for."""
    for dialect in (CHAT, RESPONSES, COMPLETIONS):
        if path.endswith(dialect.paths):
            return dialect
    return TGI


def with_choice(event: Event, **fields: Any) -> Event:
    """Change fields in every choice of a chunk."""
    chunk = json.loads(event.data)
    chunk["choices"] = [choice | fields for choice in chunk["choices"]]
    return event._replace(data=dumps(chunk))


def cumulative(deltas: Sequence[str]) -> list[str]:
    """Give for every delta the whole text so far."""
    return list(accumulate(deltas))


def loads(data: bytes) -> Any:
    """Read a request body: JSON where it is, else text."""
    try:
        return json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")
