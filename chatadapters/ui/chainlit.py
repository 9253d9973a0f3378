"""Chainlit: `cl.on_message(for_chainlit(predict))`."""

from __future__ import annotations

from contextlib import aclosing
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .._explain import explain
from ._refused import leaving_out_refused
from ._shown import Shown, asking, named, shown

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from .._protocols import AsyncPredict, Predict
    from ._shown import Inputs

# Chainlit says this in the conversation itself when its stop button is used.
_STOPPED = "Task manually stopped."


def for_chainlit(
    predict: Predict | AsyncPredict, *, inputs: Inputs = None
) -> Callable[[Any], Awaitable[None]]:
    """Make a handler for Chainlit's `on_message`.

    The conversation is the session's, files included. Chainlit's stop button ends the
    provider's work and what came of the answer is kept, also after an error, which is told
    below it. Chat settings whose id the predict names in `additional_inputs` are passed
    on. Reasoning that `show_reasoning` asks for is shown as a step.

    Args:
        predict: What answers.
        inputs: Gives the values of additional inputs by name; asked once for each message, and
            stronger than the chat settings.

    Returns:
        The handler, a coroutine function.

    Example:
        >>> from chatadapters import echo_predict
        >>> handler = for_chainlit(echo_predict())
        >>> # cl.on_message(handler)
    """
    answer, values = leaving_out_refused(shown(predict)), asking(inputs)

    async def on_message(message: Any) -> None:
        cl: Any = import_module("chainlit")
        try:
            settings = cl.user_session.get("chat_settings") or {}
            options = {**named(predict, settings), **values()}
            history = _before(message, cl.chat_context.get())
            await _tell(answer(message, history, **options), _Reply(cl))
        except Exception as error:
            # Chainlit itself would only log it.
            await cl.ErrorMessage(explain(error)).send()
            raise

    return on_message


async def _tell(replies: AsyncGenerator[Shown, None], reply: _Reply) -> None:
    try:
        async with aclosing(replies):
            async for now in replies:
                await reply.show(now)
    finally:
        await reply.end()


def _before(message: Any, context: list[Any]) -> list[Any]:
    """Give the turns before a message, without what Chainlit itself said."""
    turns = []
    for turn in context:
        if turn.id == message.id:
            break
        if not turn.is_error and turn.content != _STOPPED:
            turns.append(turn)
    return turns


class _Reply:
    """A reply in the chat: a step of reasoning, if there is any, and a message."""

    def __init__(self, cl: Any) -> None:
        self._cl = cl
        self._message = cl.Message(content="")
        self._step: Any = None

    async def show(self, now: Shown) -> None:
        if now.reasoning:
            await self._think(now.reasoning)
        if now.text:
            await self._end_step()
            await self._message.stream_token(now.text, is_sequence=True)

    async def end(self) -> None:
        await self._end_step()
        if self._message.streaming:
            await self._message.send()

    async def _think(self, reasoning: str) -> None:
        if self._step is None:
            self._step = self._cl.Step(name="Thinking", type="llm")
            await self._step.__aenter__()
        await self._step.stream_token(reasoning, is_sequence=True)

    async def _end_step(self) -> None:
        step, self._step = self._step, None
        if step is not None:
            await step.__aexit__(None, None, None)
