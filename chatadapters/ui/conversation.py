"""A conversation for UIs that keep none: `async for text in conversation.aask(message)`."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from .._explain import explain

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterable

    from .._protocols import Predict
    from ._shown import Inputs


class Conversation:
    """What one person and a predict said to each other.

    For UIs that have widgets and no chat, such as NiceGUI, Textual, Streamlit and ipywidgets, and
    for bots: it keeps the history, files included. What came of an answer that was stopped or
    broke stays; an error is told below it, and is not sent to the model.

    Args:
        predict: What answers.
        inputs: Gives the values of the additional inputs by name, such as
            `lambda: {"temperature": slider.value}`; asked once for each message.

    Attributes:
        history: The turns as dicts with `role` and `content`; the content of a turn with files
            is a dict with `text` and `files`.

    Example:
        >>> from chatadapters import echo_predict
        >>> conversation = Conversation(echo_predict())
        >>> for text in conversation.ask("hello"):
        ...     shown = text
        >>> shown, [turn["role"] for turn in conversation.history]
        ('hello', ['user', 'assistant'])
    """

    def __init__(self, predict: Predict, *, inputs: Inputs = None) -> None:
        self.history: list[dict[str, Any]] = []
        self._predict, self._inputs = predict, inputs

    def ask(self, message: Any, files: Iterable[Any] = ()) -> Generator[str, None, None]:
        """Answer a message.

        The message is in the history once this is called, the answer as it is yielded.

        Args:
            message: As every predict takes it.
            files: What is sent with it: paths, dicts with `name` and `content`, or the UI's own.

        Yields:
            The answer so far, each value replacing the last; where it failed, the last value
            has the error below the text, after a warning sign.
        """
        asked, reply = self._begin(message, files)
        return self._answer(asked, reply)

    def aask(self, message: Any, files: Iterable[Any] = ()) -> AsyncGenerator[str, None]:
        """Answer a message; the async twin of `ask`, which can be cancelled at any time.

        Args:
            message: As every predict takes it.
            files: What is sent with it: paths, dicts with `name` and `content`, or the UI's own.

        Yields:
            The answer so far, each value replacing the last; where it failed, the last value
            has the error below the text, after a warning sign.
        """
        asked, reply = self._begin(message, files)
        return self._aanswer(asked, reply)

    def _begin(self, message: Any, files: Iterable[Any]) -> tuple[tuple[Any, Any], dict[str, Any]]:
        given = [*files]
        content = {"text": message, "files": given} if given else message
        before, reply = [*self.history], {"role": "assistant", "content": ""}
        self.history += [{"role": "user", "content": content}, reply]
        return (content, before), reply

    def _answer(self, asked: tuple[Any, Any], reply: dict[str, Any]) -> Generator[str, None, None]:
        try:
            for reply["content"] in self._predict(*asked, **self._options()):
                yield reply["content"]
        except Exception as error:  # whatever it is, the UI has this text to show it
            yield _failed(reply, error)

    async def _aanswer(
        self, asked: tuple[Any, Any], reply: dict[str, Any]
    ) -> AsyncGenerator[str, None]:
        try:
            async with aclosing(self._predict.aio(*asked, **self._options())) as texts:
                async for reply["content"] in texts:
                    yield reply["content"]
        except Exception as error:  # whatever it is, the UI has this text to show it
            yield _failed(reply, error)

    def _options(self) -> dict[str, Any]:
        return {**self._inputs()} if self._inputs else {}


def _failed(reply: dict[str, Any], error: Exception) -> str:
    return f"{reply['content']}\n\n⚠️ {explain(error)}".lstrip()
