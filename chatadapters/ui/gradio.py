"""Gradio: `gr.ChatInterface(for_gradio(predict))`, for reasoning and errors in the chat."""

from __future__ import annotations

import html
from contextlib import aclosing
from functools import wraps
from typing import TYPE_CHECKING, Any

from .._explain import explain
from ._shown import Shown, shown

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from .._protocols import AsyncPredict, Predict


def for_gradio(
    predict: Predict | AsyncPredict,
) -> Callable[..., AsyncGenerator[list[Any], None]]:
    """Make a chat function for Gradio that shows reasoning and errors as boxes of their own.

    `gr.ChatInterface` takes a predict as it is; this adds to it that reasoning which
    `show_reasoning` asks for folds out above the answer, and that an error is told below what
    came of the answer, instead of in its place. Gradio 5 needs `type="messages"`.

    Args:
        predict: What answers; its additional inputs stay.

    Returns:
        The chat function, an async generator function.

    Example:
        >>> from chatadapters import echo_predict
        >>> chat = for_gradio(echo_predict())
        >>> # gr.ChatInterface(chat)
    """
    answer = shown(predict)

    @wraps(getattr(predict, "aio", predict))
    async def chat(message: Any, history: Any = None, *extra: Any) -> AsyncGenerator[Any, None]:
        now = Shown()
        try:
            async with aclosing(answer(message, history, *extra)) as replies:
                async for now in replies:
                    yield _bubbles(now)
        # Gradio would cover the whole conversation with any error that leaves this function.
        except Exception as error:
            title = html.escape(f"failed: {explain(error)}", quote=False)
            yield [*_bubbles(now, failed=True), _box("", title=title)]

    return chat


def _bubbles(now: Shown, *, failed: bool = False) -> list[Any]:
    if not now.reasoning:
        return [now.text] if now.text or not failed else []
    status = "done" if now.text or failed else "pending"
    thought = _box(now.reasoning, title="Thinking", status=status)
    return [thought, now.text] if now.text else [thought]


def _box(content: str, **metadata: str) -> dict[str, Any]:
    # What has a title is not sent with later messages.
    return {"role": "assistant", "content": content, "metadata": metadata}
