"""Mesop: `mel.chat(for_mesop(predict))`."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from .._explain import explain
from .._predict import spec_of
from .._transient import is_refused
from ._refused import FAILED, REFUSED, without_failure, without_refused
from ._shown import asking

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from .._protocols import Predict
    from ._shown import Inputs


def for_mesop(
    predict: Predict, *, inputs: Inputs = None
) -> Callable[[str, Sequence[Any]], Generator[str, None, None]]:
    """Make a transform for Mesop's `mel.chat`.

    An error is told below what came of the answer, and is not sent to the model later: one
    that left the transform would keep Mesop's input disabled until the page is loaded again.

    Args:
        predict: What answers.
        inputs: Gives the values of the additional inputs by name, such as
            `lambda: {"temperature": me.state(State).temperature}`; asked once for each message.

    Returns:
        The transform, a generator function.

    Example:
        >>> from chatadapters import echo_predict
        >>> list(for_mesop(echo_predict())("hello", []))
        ['hello']
    """
    spec_of(predict, "for_mesop")
    values = asking(inputs)

    def transform(message: str, history: Sequence[Any]) -> Generator[str, None, None]:
        given = False
        try:
            options = values()
            before = without_refused(_without_failures(history))
            answer: Any = predict.deltas(message, before, **options)
            with closing(answer) as deltas:
                for delta in deltas:
                    given = True
                    yield delta
        # Whatever it is, Mesop has no other place for it.
        except Exception as error:
            if not given and is_refused(error):
                given = True
                yield REFUSED
            yield ("\n\n" if given else "") + FAILED + explain(error)

    return transform


def _without_failures(history: Sequence[Any]) -> list[dict[str, str]]:
    return [
        {"role": turn.role, "content": without_failure(turn.content)}
        if turn.role == "assistant"
        else {"role": turn.role, "content": turn.content}
        for turn in history
    ]
