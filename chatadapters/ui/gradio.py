"""Gradio: `gr.ChatInterface(for_gradio(predict))`, which tells errors in the chat."""

from __future__ import annotations

import html
from contextlib import aclosing
from functools import wraps
from typing import TYPE_CHECKING, Any

from .._transient import is_refused
from ._refused import EMPTY, told
from ._shown import Shown, shown

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from .._protocols import AsyncPredict, Predict

_REFUSED = "refused: "


def for_gradio(
    predict: Predict | AsyncPredict,
) -> Callable[..., AsyncGenerator[str | list[Any], None]]:
    """Make a chat function for Gradio that shows reasoning and errors as boxes of their own.

    `gr.ChatInterface` takes a predict as it is, but an error that leaves its function covers the
    conversation, and in Gradio 6 nobody can write another message until the page is loaded
    again. This tells an error below what came of the answer; a message that was refused as it
    is, such as one with a file that the model cannot take, is not sent again. Reasoning that
    `show_reasoning` asks for folds out above the answer, and an empty answer is called so.
    Gradio 5 needs `type="messages"`.

    Args:
        predict: What answers; its additional inputs stay.

    Returns:
        The chat function, an async generator function. It yields strings, and lists where there
        is a box beside the text.

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
            before = _without_refused(history)
            async with aclosing(answer(message, before, *extra)) as replies:
                async for now in replies:
                    yield _bubbles(now)
            if not now.text:
                yield [*_thought(now, done=True), _box("", title=EMPTY)]
        # Gradio would cover the whole conversation with any error that leaves this function.
        except Exception as error:
            left_out = not now.text and is_refused(error)
            title = (_REFUSED if left_out else "failed: ") + told(error, left_out=left_out)
            text = [now.text] if now.text else []
            box = _box("", title=html.escape(title, quote=False))
            yield [*_thought(now, done=True), *text, box]

    return chat


def _bubbles(now: Shown) -> str | list[Any]:
    if not now.reasoning:
        return now.text
    thought = _thought(now, done=bool(now.text))
    return [*thought, now.text] if now.text else thought


def _thought(now: Shown, *, done: bool) -> list[Any]:
    status = "done" if done else "pending"
    return [_box(now.reasoning, title="Thinking", status=status)] if now.reasoning else []


def _box(content: str, **metadata: str) -> dict[str, Any]:
    # What has a title is not sent with later messages.
    return {"role": "assistant", "content": content, "metadata": metadata}


def _without_refused(history: Any) -> Any:
    """Take the messages that were refused out of a history of Gradio's."""
    if not isinstance(history, list):
        return history
    kept: list[Any] = []
    for turn in history:
        if _title(turn).startswith(_REFUSED):
            while kept and kept[-1].get("role") == "user":  # each file is a turn of its own
                kept.pop()
        else:
            kept.append(turn)
    return kept


def _title(turn: Any) -> str:
    metadata = turn.get("metadata") if isinstance(turn, dict) else None
    return str((metadata or {}).get("title") or "")
