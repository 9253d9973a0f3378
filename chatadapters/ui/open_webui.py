"""Open WebUI: `Pipe = for_open_webui(predict)` in a function of the kind Pipe."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Protocol

from .._explain import explain
from ._refused import leaving_out_refused
from ._shown import Shown, asking, named, news, shown

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from .._protocols import AsyncPredict, Predict
    from ._shown import Inputs


class PipeLike(Protocol):
    """What Open WebUI asks of a function of the kind Pipe."""

    async def pipe(self, body: dict[str, Any]) -> Any:
        """Answer the last message of a body: chunks if it asks for a stream, else a string."""
        ...


def for_open_webui(predict: Predict | AsyncPredict, *, inputs: Inputs = None) -> type[PipeLike]:
    """Make a `Pipe` class for a function of Open WebUI.

    Of the parameters that Open WebUI sends, those that the predict names in
    `additional_inputs` are passed on. Reasoning that `show_reasoning` asks for is sent as
    such. An error is told in the chat, below what came of the answer.

    Args:
        predict: What answers.
        inputs: Gives the values of additional inputs by name; asked once for each message, and
            stronger than the parameters of the chat.

    Returns:
        The class; a module attribute named `Pipe` is what Open WebUI looks for.

    Example:
        >>> from chatadapters import echo_predict
        >>> Pipe = for_open_webui(echo_predict())
    """
    answer, values = leaving_out_refused(shown(predict)), asking(inputs)
    whole: Any = getattr(predict, "aio", predict).complete

    async def chunks(
        messages: Sequence[Any], options: Mapping[str, Any]
    ) -> AsyncGenerator[dict[str, Any], None]:
        before = Shown()
        try:
            async with aclosing(answer(messages[-1], [*messages[:-1]], **options)) as replies:
                async for now in replies:
                    if chunk := _chunk(news(before, now)):
                        yield chunk
                    before = now
        # One that left here would end the stream without a word.
        except Exception as error:
            yield {"error": {"detail": explain(error)}}

    class Pipe:
        """Answers with a predict."""

        async def pipe(self, body: dict[str, Any]) -> Any:
            messages = body["messages"]
            options = {**named(predict, body), **values()}
            if body.get("stream"):
                return chunks(messages, options)
            return (await whole(messages[-1], [*messages[:-1]], **options)).text

    return Pipe


def _chunk(new: Shown) -> dict[str, Any]:
    """Give a chunk as a dict: a line of text that begins with "data:" would be read as one."""
    delta = {
        **({"reasoning_content": new.reasoning} if new.reasoning else {}),
        **({"content": new.text} if new.text else {}),
    }
    return {"choices": [{"index": 0, "delta": delta}]} if delta else {}
