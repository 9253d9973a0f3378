"""Messages that carry tool calls and their results, as chat-completions requests have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._conversation import TextPart, ToolCallPart, ToolResultPart, text_of
from ._openai_tools import function_call

if TYPE_CHECKING:
    from .._conversation import Content


def tool_message(role: str, content: Content) -> dict[str, Any] | None:
    """Give a message with tool calls or a tool's result.

    Args:
        role: Who says it.
        content: What is said.

    Returns:
        The message, or None when it is none of these.

    Example:
        >>> tool_message("tool", (ToolResultPart("call_1", "4"),))
        {'role': 'tool', 'tool_call_id': 'call_1', 'content': '4'}
    """
    if isinstance(content, str):
        return None
    texts = tuple(part for part in content if isinstance(part, TextPart))
    calls = [part for part in content if isinstance(part, ToolCallPart)]
    if role == "assistant" and calls and len(texts) + len(calls) == len(content):
        made = [function_call(call.id, call.name, call.arguments) for call in calls]
        return {"role": role, "content": text_of(texts) or None, "tool_calls": made}
    if role == "tool" and len(content) == 1 and isinstance(result := content[0], ToolResultPart):
        return {"role": role, "tool_call_id": result.id, "content": result.text}
    return None
