"""One reply that is short enough to be cut after every byte of it, in every dialect."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from chatadapters.testing.faults import Answer, Ask, End, Scenario

#: Every kind of place to cut at: inside a character, a cluster, a word, and between words.
DELTAS = ("Hé", " 👩‍🚀 it", " is.")
TEXT = "".join(DELTAS)
DIALECTS = ("openai", "responses", "completions", "tgi")


def body(dialect: str, text: str = TEXT) -> bytes:
    """Give the whole stream of the end of the text, with nothing that a server may leave out."""
    deltas = DELTAS if text == TEXT else [text]
    pieces = [json.dumps(event, ensure_ascii=False) for event in _EVENTS[dialect](text, deltas)]
    if dialect in ("openai", "completions"):
        pieces.append("[DONE]")
    return "".join(f"data: {piece}\n\n" for piece in pieces).encode()


def cut(k: int, how: End) -> Scenario:
    """Make a server whose first answer ends after `k` bytes; the second goes on or is whole."""

    def play(ask: Ask) -> Answer:
        return Answer([body(ask.dialect.name)[:k]], end=how)

    return Scenario(f"cut-{k}-{how}", "retry", "", play, healed=_healed)


def split(k: int) -> Scenario:
    """Make a server that sends the first `k` bytes a moment before the others."""

    def play(ask: Ask) -> Answer:
        whole = body(ask.dialect.name)
        return Answer([whole[:k], 0.01, whole[k:]])

    return Scenario(f"split-{k}", "exact", "", play)


def _healed(ask: Ask) -> Answer:
    asked = ask.dialect.continued(ask.body)
    given = max(n for n in range(len(TEXT) + 1) if asked.endswith(TEXT[:n]))
    return Answer([body(ask.dialect.name, TEXT[given:])])


def _chat(_: str, deltas: Iterable[str]) -> list[Any]:
    texts = [{"choices": [{"delta": {"content": delta}}]} for delta in deltas]
    return [*texts, {"choices": [{"delta": {}, "finish_reason": "stop"}]}]


def _completions(_: str, deltas: Iterable[str]) -> list[Any]:
    texts = [{"choices": [{"text": delta}]} for delta in deltas]
    return [*texts, {"choices": [{"text": "", "finish_reason": "stop"}]}]


def _responses(_: str, deltas: Iterable[str]) -> list[Any]:
    texts = [{"type": "response.output_text.delta", "delta": delta} for delta in deltas]
    return [*texts, {"type": "response.completed", "response": {"status": "completed"}}]


def _tgi(text: str, deltas: Iterable[str]) -> list[Any]:
    texts = [{"token": {"text": delta}} for delta in deltas]
    return [*texts, {"token": {"text": "</s>", "special": True}, "generated_text": text}]


_EVENTS = {"openai": _chat, "responses": _responses, "completions": _completions, "tgi": _tgi}
