"""A conversation for UIs that keep none: `async for text in conversation.aask(message)`."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeAlias

from .._predict import spec_of
from .._transient import is_refused
from ._refused import EMPTY, told
from ._shown import asking

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterable

    from .._protocols import Predict
    from ._shown import Inputs

_Asked: TypeAlias = "tuple[Any, list[dict[str, Any]]]"
_Turns: TypeAlias = "tuple[dict[str, Any], dict[str, Any]]"


class Conversation:
    """What one person and a predict said to each other.

    For UIs that have widgets and no chat, such as NiceGUI, Textual, Streamlit and ipywidgets, and
    for bots: it keeps the history, files included. What came of an answer that was stopped or
    broke stays; an error is told below it, and is not sent to the model. Nor is a message again
    that was refused as it is, such as one with a file that the model cannot take.

    Args:
        predict: What answers.
        inputs: Gives the values of the additional inputs by name, such as
            `lambda: {"temperature": slider.value}`; asked once for each message.

    Attributes:
        history: The turns as dicts with `role` and `content`; the content of a turn with files
            is a dict with `text` and `files`. An answer that failed or is empty has `error`, what
            its person was told; a message that was refused has `refused`, and its answer too.

    Example:
        >>> from chatadapters import echo_predict
        >>> conversation = Conversation(echo_predict())
        >>> for text in conversation.ask("hello"):
        ...     shown = text
        >>> shown, [turn["role"] for turn in conversation.history]
        ('hello', ['user', 'assistant'])
    """

    def __init__(self, predict: Predict, *, inputs: Inputs = None) -> None:
        spec_of(predict, "Conversation")
        self.history: list[dict[str, Any]] = []
        self._predict, self._inputs = predict, asking(inputs)

    def ask(self, message: Any, files: Iterable[Any] = ()) -> Generator[str, None, None]:
        """Answer a message.

        The message is in the history once this is called, the answer as it is yielded.

        Args:
            message: As every predict takes it.
            files: What is sent with it: paths, dicts with `name` and `content`, or the UI's own.

        Yields:
            The answer so far, each value replacing the last; where it failed or is empty, the last
            value says so below the text, after a warning sign.
        """
        return self._answer(*self._begin(message, files))

    def aask(self, message: Any, files: Iterable[Any] = ()) -> AsyncGenerator[str, None]:
        """Answer a message; the async twin of `ask`, which can be cancelled at any time.

        Args:
            message: As every predict takes it.
            files: What is sent with it: paths, dicts with `name` and `content`, or the UI's own.

        Yields:
            The answer so far, each value replacing the last; where it failed or is empty, the last
            value says so below the text, after a warning sign.
        """
        return self._aanswer(*self._begin(message, files))

    def _begin(self, message: Any, files: Iterable[Any]) -> tuple[_Asked, _Turns]:
        given = [*files]
        content = {"text": message, "files": given} if given else message
        sent = (turn for turn in self.history if not turn.get("refused"))
        before = [{"role": turn["role"], "content": turn["content"]} for turn in sent]
        turns = ({"role": "user", "content": content}, {"role": "assistant", "content": ""})
        self.history += turns
        return (content, before), turns

    def _answer(self, asked: _Asked, turns: _Turns) -> Generator[str, None, None]:
        reply = turns[1]
        try:
            for reply["content"] in self._predict(*asked, **self._options()):
                yield reply["content"]
        except Exception as error:  # whatever it is, the UI has this text to show it
            yield _failed(turns, error)
        else:
            if not reply["content"]:
                yield _noted(reply, EMPTY)

    async def _aanswer(self, asked: _Asked, turns: _Turns) -> AsyncGenerator[str, None]:
        reply = turns[1]
        try:
            async with aclosing(self._predict.aio(*asked, **self._options())) as texts:
                async for reply["content"] in texts:
                    yield reply["content"]
        except Exception as error:  # whatever it is, the UI has this text to show it
            yield _failed(turns, error)
        else:
            if not reply["content"]:
                yield _noted(reply, EMPTY)

    def _options(self) -> dict[str, Any]:
        return {**self._inputs()}


def _failed(turns: _Turns, error: Exception) -> str:
    left_out = not turns[1]["content"] and is_refused(error)
    if left_out:
        for turn in turns:
            turn["refused"] = True
    return _noted(turns[1], told(error, left_out=left_out))


def _noted(reply: dict[str, Any], error: str) -> str:
    reply["error"] = error
    return f"{reply['content']}\n\n⚠️ {error}".lstrip()
