"""`fallback`: several predicts in a row, the first that answers gives the reply."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ._errors import ChatAdaptersError, HistoryError, OptionError
from ._predict import predict_of
from ._spec import Spec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ._backend import Backend, Payload
    from ._call import Call
    from ._events import Notice
    from ._parts import Message
    from ._protocols import Predict


def fallback(first: Predict, *others: Predict) -> Predict:
    """Make a predict that asks the next one when one has failed for good.

    Each keeps its own options, retries included. When text was shown already, the next one
    begins again as the `midstream` rule of the one that failed allows. The last event, a
    `Finish`, names the backend that answered.

    Each `on_finish` is told how its own predict's reply ended: one that failed, with its error,
    before the next begins; one that is not asked, because an earlier one answered or it cannot take
    the conversation, not at all. `Reply.attempts` counts those of the earlier predicts too.

    Args:
        first: The predict that is asked first; its `additional_inputs` are those of the whole,
            and reach the others by name where they name them too. Its `show_reasoning` and `notice`
            hold for all.
        *others: The predicts that are asked then, in order.

    Returns:
        The predict; `build` gives the payload of the first.

    Raises:
        OptionError: When something is not a predict of this package.

    Example:
        >>> from chatadapters import echo_predict, openai_predict, Retry
        >>> busy = openai_predict("m", base_url="http://127.0.0.1:9", retry=Retry(attempts=1))
        >>> fallback(busy, echo_predict()).complete("hello").backend
        'echo'
    """
    specs = (spec for predict in (first, *others) for spec in _specs_of(predict))
    return predict_of(FallbackSpec(tuple(specs)))


def _specs_of(predict: Any) -> tuple[Spec, ...]:
    spec: Spec | FallbackSpec | None = getattr(predict, "spec", None)
    if not isinstance(spec, Spec | FallbackSpec):
        raise OptionError(
            f"fallback() takes predicts that a factory made, not {predict!r}; one that is traced "
            "is traced as a whole: traced(fallback(...))"
        )
    return spec.specs if isinstance(spec, FallbackSpec) else (spec,)


@dataclass(frozen=True)
class FallbackSpec:
    """The specs of several predicts in one; the first says how the reply is shown."""

    specs: tuple[Spec, ...]

    @property
    def additional_inputs(self) -> tuple[str, ...]:
        """The inputs that the first names."""
        return self.specs[0].additional_inputs

    @property
    def show_reasoning(self) -> bool:
        """Whether the first shows reasoning."""
        return self.specs[0].show_reasoning

    @property
    def notice(self) -> Notice | None:
        """What the first appends to a finished reply."""
        return self.specs[0].notice

    def conversation(self, message: Any, history: Any) -> list[Message]:
        """Give the conversation as the first reads it."""
        return self.specs[0].conversation(message, history)

    def built(self, message: Any, history: Any) -> Payload:
        """Give what the first sends."""
        return self.specs[0].built(message, history)

    @property
    def backend(self) -> Backend:
        """The backend of the first; closing it closes all."""
        return self.specs[0].backend

    def close(self) -> None:
        """Close the clients of all backends."""
        for spec in self.specs:
            spec.close()

    async def aclose(self) -> None:
        """Close the clients of all backends for the running event loop."""
        for spec in self.specs:
            await spec.aclose()

    def changed(self, changes: Mapping[str, Any]) -> FallbackSpec:
        """Give the same with other options for each."""
        return replace(self, specs=tuple(spec.changed(changes) for spec in self.specs))

    def with_inputs(self, values: Sequence[Any], named: Mapping[str, Any]) -> FallbackSpec:
        """Give the same with the values of the additional inputs where a spec names them."""
        first, *others = self.specs
        given = {**dict(zip(first.additional_inputs, values, strict=False)), **named}
        chosen = [first.with_inputs(values, named)]
        for spec in others:
            own = {name: given[name] for name in spec.additional_inputs if name in given}
            chosen.append(spec.with_inputs((), own))
        return replace(self, specs=tuple(chosen))

    def call(self, message: Any, history: Any, **how: bool) -> Call:
        """Decide about the first that can take this conversation; the rest stand behind it."""
        read = [spec.conversation(message, history) for spec in self.specs]  # now, not at failure
        pairs = zip(self.specs, read, strict=True)
        return _first_call([partial(spec.call_for, messages, **how) for spec, messages in pairs])


def _first_call(makers: Sequence[Callable[[], Call]]) -> Call:
    """Make the first call that can be made, and leave the others for later."""
    maker, *others = makers
    try:
        call = maker()
    except HistoryError:
        raise
    except ChatAdaptersError:
        if not others:
            raise
        return _first_call(others)
    return call._replace(next=partial(_first_call, others)) if others else call
