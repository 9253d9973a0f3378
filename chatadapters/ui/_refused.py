"""How an answer that is none is told, and which messages are not sent again."""

from __future__ import annotations

from contextlib import aclosing
from functools import wraps
from typing import TYPE_CHECKING, Any

from .._blocks import get
from .._explain import explain
from .._transient import is_refused
from ._shown import Shown

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

EMPTY = "the answer is empty"
# Both begin with an invisible character that no model writes, so that they can be found again.
REFUSED = "\u2063(this message was refused, and will not be sent again)"
FAILED = "\u2063\u26a0\ufe0f "


def told(error: Exception, *, left_out: bool) -> str:
    """Give an error for the chat, and say whether its message is left out of what is sent next."""
    return explain(error) + (" (this message will not be sent again)" if left_out else "")


def leaving_out_refused(
    answer: Callable[..., AsyncGenerator[Shown, None]],
) -> Callable[..., AsyncGenerator[Shown, None]]:
    """Keep refused messages out of what is sent, for UIs whose history does not tell them.

    Args:
        answer: Takes the message, the history as the UI has it, and options.

    Returns:
        The same. It answers a refused message with `REFUSED` before it raises the error, and
        sends no message that has this answer in the history.
    """

    @wraps(answer)
    async def remembered(
        message: Any, history: Iterable[Any], **options: Any
    ) -> AsyncGenerator[Shown, None]:
        now = Shown()
        try:
            async with aclosing(answer(message, without_refused(history), **options)) as replies:
                async for now in replies:
                    yield now
        except Exception as error:  # whatever it is, it is raised again for the UI to tell
            if not now.text and is_refused(error):
                yield now._replace(text=REFUSED)
            raise

    return remembered


def without_refused(history: Iterable[Any]) -> list[Any]:
    """Take the messages whose answer is `REFUSED` out of a history, with that answer."""
    kept: list[Any] = []
    for turn in history:
        if str(get(turn, "content")).strip() != REFUSED:
            kept.append(turn)
        elif kept:
            kept.pop()
    return kept


def without_failure(content: str) -> str:
    """Take an error that was told below an answer out of its text."""
    return content.partition(FAILED)[0].rstrip("\n")
