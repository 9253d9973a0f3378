"""A conversation as LangChain messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._registry import missing
from ._openai_chat import chat_messages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.messages import BaseMessage

    from .._parts import Message


def langchain_messages(conversation: Sequence[Message]) -> list[BaseMessage]:
    """Give a conversation as LangChain messages.

    Files are content blocks in the form of OpenAI's chat messages, which LangChain's core and
    its integrations, old and new, translate for their providers.

    Raises:
        MissingDependencyError: `langchain-core` is not installed.
        UnsupportedContentError: A role or a part that a message cannot carry.

    Example:
        >>> from chatadapters import Message
        >>> langchain_messages([Message("user", "Hi")])
        [HumanMessage(content='Hi', additional_kwargs={}, response_metadata={})]
    """
    try:
        from langchain_core.messages import (
            AIMessage,
            HumanMessage,
            SystemMessage,
            convert_to_messages,
        )
    except ImportError as error:
        raise missing("langchain-core", "langchain") from error
    classes = {
        "assistant": AIMessage,
        "developer": SystemMessage,
        "system": SystemMessage,
        "user": HumanMessage,
    }
    messages = chat_messages(conversation, "langchain")
    return [
        classes[message["role"]](content=message["content"])
        if message.keys() == {"role", "content"}
        else convert_to_messages([message])[0]  # with tool calls, or a tool's result
        for message in messages
    ]
