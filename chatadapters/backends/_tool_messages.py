"""Messages that carry tool calls and their results, as OpenAI's two APIs have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._content import text_of
from .._parts import TextPart, ToolCallPart, ToolResultPart
from ._tool_calls import function_call

if TYPE_CHECKING:
    from .._parts import Content


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
    texts, tools = _apart(content)
    if role == "assistant" and _all(tools, ToolCallPart):
        made = [function_call(call.id, call.name, call.arguments) for call in tools]
        return {"role": role, "content": text_of(texts) or None, "tool_calls": made}
    if role == "tool" and not texts and len(tools) == 1 and _all(tools, ToolResultPart):
        return {"role": role, "tool_call_id": tools[0].id, "content": tools[0].text}
    return None


def tool_items(role: str, content: Content) -> list[dict[str, Any]]:
    """Give a message with tool calls or a tool's result as items of a Responses request.

    Args:
        role: Who says it.
        content: What is said.

    Returns:
        The items, the text of a message before its calls; none when it is none of these.

    Example:
        >>> tool_items("tool", (ToolResultPart("call_1", "4"),))
        [{'type': 'function_call_output', 'call_id': 'call_1', 'output': '4'}]
    """
    message = tool_message(role, content)
    if message is None:
        return []
    if role == "tool":
        call_id, output = message["tool_call_id"], message["content"]
        return [{"type": "function_call_output", "call_id": call_id, "output": output}]
    said = [{"role": role, "content": message["content"]}] if message["content"] else []
    calls = [
        {"type": "function_call", "call_id": call["id"], **call["function"]}
        for call in message["tool_calls"]
    ]
    return said + calls


def _apart(content: Content) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Give the texts of a content, and the parts that are none; a string has no parts."""
    if isinstance(content, str):
        return (), ()
    texts = tuple(part for part in content if isinstance(part, TextPart))
    return texts, tuple(part for part in content if not isinstance(part, TextPart))


def _all(parts: tuple[Any, ...], kind: type) -> bool:
    return bool(parts) and all(isinstance(part, kind) for part in parts)
