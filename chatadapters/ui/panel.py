"""Panel: `pn.chat.ChatInterface(callback=for_panel(predict))`."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from .._explain import explain
from .._media import part_from_bytes
from .._parts import Message
from ._refused import leaving_out_refused
from ._shown import asking, shown

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from .._parts import Content
    from .._protocols import AsyncPredict, Predict
    from ._shown import Inputs

_THOUGHTS = "Thinking"
# Who speaks in a feed without being part of the conversation; Panel names the first two.
_ASIDES = frozenset({"help", "exception", _THOUGHTS.lower(), ""})


def for_panel(
    predict: Predict | AsyncPredict, *, inputs: Inputs = None
) -> Callable[[Any, str, Any], AsyncGenerator[str, None]]:
    """Make a callback for Panel's `ChatInterface` and `ChatFeed`.

    The conversation is what the feed shows, files included; Panel's stop button ends the
    provider's work. Reasoning that `show_reasoning` asks for is shown as a step of its own.
    An error is told in a message of its own, or as the chat's `callback_exception` says where
    that is not `"summary"`, and is not sent to the model.

    Args:
        predict: What answers.
        inputs: Gives the values of the additional inputs by name, such as
            `lambda: {"temperature": slider.value}`; asked once for each message.

    Returns:
        The callback, an async generator function.

    Example:
        >>> from chatadapters import echo_predict
        >>> callback = for_panel(echo_predict())
        >>> # pn.chat.ChatInterface(callback=callback)
    """
    answer, values = leaving_out_refused(shown(predict)), asking(inputs)

    async def callback(contents: Any, user: str, instance: Any) -> AsyncGenerator[str, None]:
        try:
            message, history = _conversation(contents, user, instance)
            thoughts = _Thoughts(instance)
            async with aclosing(answer(message, history, **values())) as replies:
                async for reasoning, text in replies:
                    thoughts.show(reasoning, done=bool(text))
                    if text:
                        yield text
        except Exception as error:
            if instance.callback_exception != "summary":
                raise
            # Panel's own summary is the repr, which may hold a whole page of a server.
            instance.send(explain(error), user="Exception", respond=False)

    return callback


def _conversation(contents: Any, user: str, instance: Any) -> tuple[Any, list[Message]]:
    """Give the current message and those before it, from what the feed shows."""
    told = [entry for entry in instance.objects if entry.user.strip().lower() not in _ASIDES]
    if not told:
        return contents, []
    users = (user, getattr(instance, "user", user))
    roles = ["user" if entry.user in users else "assistant" for entry in told]
    turns = [Message(role, _content(entry)) for role, entry in zip(roles, told, strict=True)]
    return turns[-1].content, turns[:-1]


def _content(entry: Any) -> Content:
    said = entry.object
    if isinstance(said, str):
        return said
    if hasattr(said, "file_name"):
        return (part_from_bytes(said.contents, said.file_name, said.mime_type),)
    text: str = entry.serialize()
    return text


class _Thoughts:
    """A step of reasoning in the feed, from when there is any."""

    def __init__(self, feed: Any) -> None:
        self._feed = feed
        self._step: Any = None
        self._shown = ""

    def show(self, reasoning: str, *, done: bool) -> None:
        if reasoning != self._shown:
            if self._step is None:
                self._step = self._feed.add_step(
                    user=_THOUGHTS,
                    default_layout="column",
                    default_title=_THOUGHTS,
                    min_width=240,
                    status="running",
                )
            self._step.stream(reasoning, replace=True)
            self._shown = reasoning
        if done and self._step is not None:
            self._step.status = "success"
