"""The events of each wire, as the servers of today write them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

CYCLE = 997
TOKENS = [f"{number:04d} " for number in range(CYCLE)]
SIZE = len(TOKENS[0])


@cache
def tokens(wire: str) -> list[bytes]:
    """Give the events of the tokens, which are repeated as often as needed."""
    return [_data(wire, WIRES[wire](token)) for token in TOKENS]


def opening(wire: str) -> list[bytes]:
    """Give the events before the first token."""
    return [_data(wire, value) for value in RESPONSES_OPEN] if wire == "responses" else []


def closing(wire: str, count: int) -> list[bytes]:
    """Give the events after the last token."""
    if wire == "responses":
        whole = {**RESPONSE, "status": "completed", "output": [_message(text(count))]}
        return [
            _data(wire, {"type": "response.completed", "sequence_number": 3, "response": whole})
        ]
    if wire == "tgi":
        details = {"finish_reason": "eos_token", "generated_tokens": count, "seed": None}
        last: dict[str, Any] = {"id": 2, "text": "</s>", "logprob": -0.1, "special": True}
        end = {"index": count, "token": last, "generated_text": text(count), "details": details}
        return [_data(wire, end)]
    finish = _completion("", "stop") if wire == "completions" else _chat("", "stop")
    return [_data(wire, finish), b"data: [DONE]\n\n"]


def text(count: int) -> str:
    """Give the text of so many tokens."""
    whole, rest = divmod(count, CYCLE)
    return "".join(TOKENS * whole + TOKENS[:rest])


def _data(wire: str, value: dict[str, Any]) -> bytes:
    kind = b"event: %b\n" % value["type"].encode() if wire == "responses" else b""
    space = b"" if wire == "tgi" else b" "
    return b"%bdata:%b%b\n\n" % (kind, space, json.dumps(value, separators=(",", ":")).encode())


def _chat(token: str, reason: str | None = None) -> dict[str, Any]:
    delta = {} if reason else {"content": token}
    return {
        "id": "chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012",
        "object": "chat.completion.chunk",
        "created": 1_790_000_000,
        "model": "gpt-4o-mini-2024-07-18",
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}],
    }


def _padded(token: str) -> dict[str, Any]:
    return {**_chat(token), "obfuscation": PADDING[: int(token) % len(PADDING)]}


def _completion(token: str, reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "text": token, "logprobs": None, "finish_reason": reason}
    return {
        "id": "cmpl-0123456789abcdef0123456789abcdef",
        "object": "text_completion",
        "created": 1_790_000_000,
        "model": "meta-llama/Llama-3.1-8B",
        "choices": [choice],
    }


def _tgi(token: str) -> dict[str, Any]:
    said = {"id": 3923, "text": token, "logprob": -0.3828125, "special": False}
    return {"index": 1, "token": said, "generated_text": None, "details": None}


RESPONSE: dict[str, Any] = {
    "id": "resp_0123456789abcdef0123456789abcdef0123456789abcdef",
    "object": "response",
    "created_at": 1_790_000_000,
    "status": "in_progress",
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "model": "gpt-4o-mini-2024-07-18",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "metadata": {},
}
ITEM = "msg_0123456789abcdef0123456789abcdef0123456789abcdef"


def _message(said: str | None = None) -> dict[str, Any]:
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": said}
    return {
        "id": ITEM,
        "type": "message",
        "role": "assistant",
        "status": "in_progress" if said is None else "completed",
        "content": [] if said is None else [part],
    }


RESPONSES_OPEN: list[dict[str, Any]] = [
    {"type": "response.created", "sequence_number": 0, "response": RESPONSE},
    {
        "type": "response.output_item.added",
        "sequence_number": 1,
        "output_index": 0,
        "item": _message(),
    },
]


def _responses(token: str) -> dict[str, Any]:
    return {
        "type": "response.output_text.delta",
        "sequence_number": 2,
        "item_id": ITEM,
        "output_index": 0,
        "content_index": 0,
        "delta": token,
        "logprobs": [],
        "obfuscation": "aB3dE5fG7h",
    }


PADDING = "aB3dE5fG7hJ9kL1mN"
WIRES = {
    "chat": _chat,
    "padded": _padded,
    "completions": _completion,
    "tgi": _tgi,
    "responses": _responses,
}
