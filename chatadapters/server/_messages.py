"""The messages of a chat request as a conversation, tool calls and their results included. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._blocks import brief
from .._content import joined, parts_of, text_of
from .._conversation import read_conversation
from .._errors import HistoryError
from .._parts import Message, ToolCallPart, ToolResultPart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._parts import Part


def read_messages(messages: Any) -> tuple[Message, list[Message]]:
    """Read the messages of a request; no local file is read for them.

    Args:
        messages: What the client sent.

    Returns:
        The last message, and the ones before it.

    Raises:
        HistoryError: They cannot be read, or the last one is nothing that can be answered.

    Example:
        >>> read_messages([{"role": "user", "content": "Hi"}])
        (Message(role='user', content='Hi'), [])
    """
    if not isinstance(messages, list) or not messages:
        raise HistoryError("messages: give a list of at least one message")
    if not all(isinstance(message, dict) for message in messages):
        raise HistoryError("messages: give objects with a role and a content")
    try:
        read = [_with_tools(index, message) for index, message in enumerate(messages)]
        conversation = read_conversation(read, allowed_roots=())
    except HistoryError as error:
        raise HistoryError(str(error).replace("history[", "messages[", 1)) from error
    if not conversation or conversation[-1].role not in ("user", "tool"):
        raise HistoryError("messages: the last one must be the user's or a tool's, and not empty")
    return conversation[-1], conversation[:-1]


def _with_tools(index: int, message: Mapping[str, Any]) -> Mapping[str, Any] | Message:
    """Give a message with tool calls or a tool's result as a `Message`, any other as it is."""
    try:
        return _as_message(message)
    except HistoryError as error:
        reason = error.__cause__ or error
        raise HistoryError(f"history[{index}] is {brief(message)}: {reason}") from error


def _as_message(message: Mapping[str, Any]) -> Mapping[str, Any] | Message:
    role = message.get("role")
    if role == "assistant" and message.get("tool_calls"):
        said = _read({"role": role, "content": message.get("content")})
        calls = [_call(call) for call in _list(message["tool_calls"])]
        return Message("assistant", joined((*said, *calls)))
    if role == "tool" and message.get("tool_call_id") is not None:
        text = text_of(_read({"role": role, "content": message.get("content")}))
        return Message("tool", (ToolResultPart(_text(message, "tool_call_id"), text),))
    return message


def _read(message: Mapping[str, Any]) -> tuple[Part, ...]:
    return tuple(
        part
        for read in read_conversation([message], allowed_roots=())
        for part in parts_of(read.content)
    )


def _call(call: Any) -> ToolCallPart:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        raise HistoryError(f"tool_calls: give an id and a function, not {call!r:.80}")
    return ToolCallPart(_text(call, "id"), _text(function, "name"), _text(function, "arguments"))


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise HistoryError(f"tool_calls: give a list, not {value!r:.80}")
    return value


def _text(value: Mapping[str, Any], name: str) -> str:
    text = value.get(name)
    if not isinstance(text, str):
        raise HistoryError(f"{name}: give a text, not {text!r:.80}")
    return text
