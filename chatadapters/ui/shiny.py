"""Shiny: `chat.on_user_submit(for_shiny(predict, chat))` in the server function."""

from __future__ import annotations

from contextlib import aclosing
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .._explain import explain
from ._frames import FrameBreaker, whole
from ._refused import FAILED, leaving_out_refused, without_failure
from ._shown import Shown, asking, news, shown

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence

    from .._protocols import AsyncPredict, Predict
    from ._shown import Inputs

# What stands between these is shown in a panel of its own.
_OPEN, _CLOSE = "<thinking>", "</thinking>\n\n"


def for_shiny(
    predict: Predict | AsyncPredict, chat: Any, *, inputs: Inputs = None
) -> Callable[[str, Sequence[Any]], Awaitable[None]]:
    """Make a handler for `on_user_submit` of shinychat's `Chat`.

    The conversation is the chat's, files included. With `chat_ui(..., enable_cancel=True)` the
    stop button ends the provider's work; what came of the answer is kept, also after an error,
    which is told below it and not sent to the model. Tags that would embed a page, which
    shinychat lets through, are shown as text. Reasoning that `show_reasoning` asks for is shown
    in the chat's own panel.

    Args:
        predict: What answers.
        chat: The `Chat`; call this in the server function, where it is made.
        inputs: Gives the values of the additional inputs by name, such as
            `lambda: {"temperature": input.temperature()}`; asked once for each message.

    Returns:
        The handler, a coroutine function.

    Example:
        >>> from chatadapters import echo_predict
        >>> # chat = Chat("chat")
        >>> # chat.on_user_submit(for_shiny(echo_predict(), chat))
    """
    answer, values = leaving_out_refused(shown(predict)), asking(inputs)
    session = import_module("shiny.session").require_active_session(None)
    _wire_stop(chat, session)

    async def stream(replies: AsyncGenerator[Shown, None]) -> AsyncGenerator[str, None]:
        before, breaker = Shown(), FrameBreaker()
        try:
            async with aclosing(replies):
                async for now in replies:
                    if piece := breaker.feed(_text(before, now)):
                        yield piece
                    before = now
            if piece := breaker.flush():
                yield piece
        except Exception as error:
            # Shiny's own notification is the whole text, which may be a page of a server, and
            # lies over the stop button.
            ours = chat.on_error == "actual"
            ends = _CLOSE if before.reasoning and not before.text else "\n\n"
            if piece := breaker.feed(f"{ends}{FAILED}{explain(error)}" if ours else ""):
                yield piece
            if piece := breaker.flush():
                yield piece
            if not ours:
                raise

    async def on_user_submit(text: str, attachments: Sequence[Any]) -> None:
        message = {"text": text, "files": [*attachments]} if attachments else text
        options = values()
        replies = answer(message, _without_thoughts(chat.messages()), **options)
        await chat.append_message_stream(stream(replies))

    return on_user_submit


def _text(before: Shown, now: Shown) -> str:
    """Give what is new, with the marks of where the reasoning begins and ends."""
    new = news(before, now)
    begins = _OPEN if new.reasoning and not before.reasoning else ""
    ends = _CLOSE if new.text and now.reasoning and not before.text else ""
    return begins + new.reasoning + ends + new.text


def _without_thoughts(turns: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    for turn in turns:
        content = without_failure(whole(turn["content"]))
        if turn["role"] == "assistant" and content.startswith(_OPEN):
            content = content.partition(_CLOSE.strip())[2].lstrip("\n")
        told.append({**turn, "content": content})
    return told


def _wire_stop(chat: Any, session: Any) -> None:
    """End the answer when the stop button is used, which Shiny leaves to the app."""
    reactive: Any = import_module("shiny.reactive")
    clicked = import_module("shiny.module").ResolvedId(f"{chat.id}_cancel")

    def stop() -> None:
        chat.latest_message_stream.cancel()

    reactive.effect(reactive.event(session.input[clicked])(stop))
