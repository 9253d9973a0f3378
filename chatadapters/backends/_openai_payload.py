"""What the SDK's `create` is given: the conversation in the form of its API, and the options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._openai_chat import chat_messages
from ._openai_options import check_options
from ._tool_calls import flat_tools

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._parts import Message

_MOST_STOPS = 4


def chat_payload(
    model: str, conversation: Sequence[Message], options: Mapping[str, Any], *, usage: bool
) -> dict[str, Any]:
    """Give the keywords for Chat Completions.

    Args:
        model: The model's name.
        conversation: Messages as `normalize` gives them.
        options: What the caller wants to send, and `stop`.
        usage: Whether the server is asked to count tokens, unless the caller said something else.

    Raises:
        OptionError: The API has no such option.
        UnsupportedContentError: It cannot carry a message.
    """
    check_options(options, "chat")
    messages = chat_messages(conversation)
    payload = {"model": model, "messages": messages, "stream": True, **options}
    if "stop" in options:
        payload["stop"] = list(options["stop"])[:_MOST_STOPS]
    if usage:
        payload.setdefault("stream_options", {"include_usage": True})
    return payload


def responses_payload(
    model: str, conversation: Sequence[Message], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Give the keywords for the Responses API, which takes no stop sequences.

    Args:
        model: The model's name.
        conversation: Messages as `normalize` gives them.
        options: What the caller wants to send, and `stop`.

    Raises:
        OptionError: The API has no such option.
        UnsupportedContentError: It cannot carry a message.
    """
    from ._openai_responses import response_input

    check_options(options, "responses")
    sent = {name: value for name, value in options.items() if name != "stop"}
    items = response_input(conversation)
    return {"model": model, "input": items, "stream": True, **flat_tools(sent)}
