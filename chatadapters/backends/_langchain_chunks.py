"""Where LangChain's integrations put things: reasoning, tool calls, finish reasons, usage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._errors import OptionError
from .._events import Usage

_REASONING = frozenset({"reasoning", "reasoning_content", "redacted_thinking", "thinking"})
#: Where reasoning is put beside the content, and where its text is inside a block.
_BESIDE = ("reasoning_content", "reasoning", "reasoning_details")
_INSIDE = ("reasoning", "thinking", "reasoning_content", "text", "summary", "content")
#: What the reason is called in `response_metadata`.
_REASONS = ("finish_reason", "stop_reason", "done_reason", "finishReason", "stopReason")
_NO_REASON = "FINISH_REASON_UNSPECIFIED"


def message_in(chunk: tuple[Any, ...]) -> object:
    """Give the message of LangGraph's (message, metadata), also behind a namespace or a mode.

    Raises:
        OptionError: There is none.
    """
    if not chunk:
        raise unreadable(chunk)
    return chunk[0] if hasattr(chunk[0], "content") else chunk[-1]


def unreadable(chunk: object) -> OptionError:
    """Make the error for a chunk that is neither a message nor text."""
    return OptionError(
        f"the runnable gave a {type(chunk).__name__}, {repr(chunk)[:200]}: give one that streams "
        "messages or text, such as `chain.pick('answer')` of a chain that gives dicts, or a graph "
        "with stream_mode='messages'"
    )


def is_reasoning(block: object) -> bool:
    """Say whether a block of content is reasoning."""
    return isinstance(block, Mapping) and block.get("type") in _REASONING


def reasoning_beside(extra: Mapping[str, Any]) -> str:
    """Give the reasoning that stands beside the content, in `additional_kwargs`."""
    return next((said(extra[name]) for name in _BESIDE if extra.get(name)), "")


def said(value: object) -> str:
    """Give the text of reasoning, however deep it is wrapped.

    Example:
        >>> said({"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]})
        'Hm.'
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(said, value))
    if isinstance(value, Mapping):
        return next((said(value[name]) for name in _INSIDE if value.get(name)), "")
    return ""


def calls_in(message: Any) -> list[Mapping[str, Any]]:
    """Give the pieces of tool calls in a chunk, or the calls of a whole message."""
    pieces: list[Mapping[str, Any]] | None = getattr(message, "tool_call_chunks", None)
    if pieces is not None:
        return pieces
    return [*getattr(message, "tool_calls", ()), *getattr(message, "invalid_tool_calls", ())]


def reason_in(metadata: Mapping[str, Any]) -> str | None:
    """Find the provider's finish reason, or what some have in its place.

    Example:
        >>> reason_in({"stop_reason": "end_turn"}), reason_in({"model_provider": "openai"})
        ('end_turn', None)
    """
    for name in _REASONS:
        if (reason := metadata.get(name)) and reason != _NO_REASON:
            return str(getattr(reason, "name", reason))
    if metadata.get("prompt_feedback"):  # Google refused the prompt
        return "content_filter"
    status = metadata.get("status")  # of OpenAI's Responses API
    if status == "incomplete":
        return str((metadata.get("incomplete_details") or {}).get("reason") or status)
    return "stop" if status == "completed" else None


def repeats_reason(metadata: Mapping[str, Any]) -> bool:
    """Say whether this is a provider whose reason may come before the end: some Gemini models."""
    return "safety_ratings" in metadata or str(metadata.get("model_provider")).startswith("google")


def added(known: Usage | None, counts: Mapping[str, Any]) -> Usage:
    """Add the `usage_metadata` of one chunk to what the chunks before it took.

    Example:
        >>> added(Usage(input_tokens=9), {"input_tokens": 0, "output_tokens": 3})
        Usage(input_tokens=9, output_tokens=3, reasoning_tokens=None, cached_tokens=None)
    """
    known = known or Usage()
    given = counts.get("input_token_details") or {}
    taken = counts.get("output_token_details") or {}
    return Usage(
        input_tokens=_sum(known.input_tokens, counts.get("input_tokens")),
        output_tokens=_sum(known.output_tokens, counts.get("output_tokens")),
        reasoning_tokens=_sum(known.reasoning_tokens, taken.get("reasoning")),
        cached_tokens=_sum(known.cached_tokens, given.get("cache_read")),
    )


def _sum(one: int | None, other: int | None) -> int | None:
    return one if other is None else (one or 0) + other
