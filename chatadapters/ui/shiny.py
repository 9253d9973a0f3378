"""Shiny: `chat.on_user_submit(for_shiny(predict, chat))` in the server function."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from .._protocols import AsyncPredict, Predict
    from ._shown import Inputs


def for_shiny(
    predict: Predict | AsyncPredict, chat: Any, *, inputs: Inputs = None
) -> Callable[[str, Sequence[Any]], Awaitable[None]]:
    """Make a handler for `on_user_submit` of shinychat's `Chat`.

    The conversation is the chat's, files included. With `ui.chat_ui(..., enable_cancel=True)`
    the stop button ends the provider's work; what came of the answer is kept, also after an
    error, which Shiny tells in a notification.

    Args:
        predict: What answers.
        chat: The `ui.Chat`; call this in the server function, where it is made.
        inputs: Gives the values of the additional inputs by name, such as
            `lambda: {"temperature": input.temperature()}`; asked once for each message.

    Returns:
        The handler, a coroutine function.

    Example:
        >>> from chatadapters import echo_predict
        >>> # chat = ui.Chat("chat")
        >>> # chat.on_user_submit(for_shiny(echo_predict(), chat))
    """
    answer: Any = getattr(predict, "aio", predict)
    _wire_stop(chat)

    async def on_user_submit(text: str, attachments: Sequence[Any]) -> None:
        message = {"text": text, "files": [*attachments]} if attachments else text
        options = inputs() if inputs else {}
        await chat.append_message_stream(answer.deltas(message, chat.messages(), **options))

    return on_user_submit


def _wire_stop(chat: Any) -> None:
    """End the answer when the stop button is used, which Shiny leaves to the app."""
    reactive: Any = import_module("shiny.reactive")
    session = import_module("shiny.session").require_active_session(None)
    clicked = import_module("shiny.module").ResolvedId(f"{chat.id}_cancel")

    def stop() -> None:
        chat.latest_message_stream.cancel()

    reactive.effect(reactive.event(session.input[clicked])(stop))
