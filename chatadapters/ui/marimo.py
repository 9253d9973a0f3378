"""marimo: `mo.ui.chat(for_marimo(predict))`."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from .._explain import explain
from ._refused import leaving_out_refused
from ._shown import Shown, asking, named, news, shown

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

    from .._protocols import AsyncPredict, Predict
    from ._shown import Inputs

_ID = "reasoning"


def for_marimo(
    predict: Predict | AsyncPredict, *, inputs: Inputs = None
) -> Callable[[Sequence[Any], Any], AsyncGenerator[str | dict[str, str], None]]:
    """Make a model for marimo's `mo.ui.chat`.

    marimo sends a temperature, a top_k and more with every message, whether its user asked
    for them or not; only those that the predict names in `additional_inputs` are passed on.
    Reasoning that `show_reasoning` asks for is shown in marimo's own fold-out.

    Args:
        predict: What answers.
        inputs: Gives the values of additional inputs by name, such as
            `lambda: {"system": box.value}`; asked once for each message, and stronger than
            the settings of the chat.

    Returns:
        The model, an async generator function.

    Example:
        >>> from chatadapters import echo_predict
        >>> model = for_marimo(echo_predict())
        >>> # mo.ui.chat(model)
    """
    answer, values = leaving_out_refused(shown(predict)), asking(inputs)

    async def model(
        messages: Sequence[Any], config: Any = None
    ) -> AsyncGenerator[str | dict[str, str], None]:
        before = Shown()
        try:
            options = {**named(predict, _settings(config)), **values()}
            async with aclosing(answer(messages[-1], [*messages[:-1]], **options)) as replies:
                async for now in replies:
                    for chunk in _chunks(before, now):
                        yield chunk
                    before = now
        # marimo would tell it with everything that was sent, files included.
        except Exception as error:
            yield {"type": "error", "errorText": explain(error)}

    return model


def _settings(config: Any) -> dict[str, Any]:
    if isinstance(config, dict):
        return config
    return dict(vars(config)) if config else {}


def _chunks(before: Shown, now: Shown) -> Iterator[str | dict[str, str]]:
    """Give what is new as marimo takes it: text as it is, reasoning as events."""
    new = news(before, now)
    if new.reasoning:
        if not before.reasoning:
            yield {"type": "reasoning-start", "id": _ID}
        yield {"type": "reasoning-delta", "id": _ID, "delta": new.reasoning}
    if new.text:
        if now.reasoning and not before.text:
            yield {"type": "reasoning-end", "id": _ID}
        yield new.text
