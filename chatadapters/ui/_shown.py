"""A reply as a chat UI shows it: the reasoning and the answer apart, and the settings it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from .._errors import IncompleteStreamError, OptionError
from .._events import Finish, Reasoning, Restarted, Text
from .._predict import aview_of
from .._views import View

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from .._events import Event, Notice
    from .._protocols import AsyncPredict, Predict

#: Gives the values of the additional inputs by name; asked once for each message.
Inputs: TypeAlias = "Callable[[], Mapping[str, Any]] | None"


class Shown(NamedTuple):
    """What is shown of a reply so far; the reasoning only if `show_reasoning` is on."""

    reasoning: str = ""
    text: str = ""


class ShownView(View):
    """The reply so far as a `Shown`; each value replaces the last, at least one comes.

    As with growing strings, the old value stays after a restart until the new attempt is as
    long.
    """

    def __init__(self, show_reasoning: bool = False, notice: Notice | None = None) -> None:
        super().__init__(show_reasoning, notice)
        self._show_reasoning, self._notice = show_reasoning, notice
        self._reasoning: list[str] = []
        self._text: list[str] = []
        self._missing = 0  # characters the new attempt still lacks to replace the old one
        self._shown: Shown | None = None

    def push(self, event: Event) -> None:
        match event:
            case Text(delta):
                self._add(self._text, delta)
            case Reasoning(delta) if self._show_reasoning:
                self._add(self._reasoning, delta)
            case Finish() if self._notice:
                self._add(self._text, self._notice(event) or "")
            case Restarted():
                self._reasoning, self._text = [], []
                self._missing = sum(map(len, self._shown or ()))
                self.pending = False

    def take(self, *, last: bool) -> list[Shown]:
        if not (self.pending or last):
            return []
        self._reasoning, self._text = ["".join(self._reasoning)], ["".join(self._text)]
        shown = Shown(self._reasoning[0], self._text[0])
        self.pending = False
        if shown == self._shown:
            return []
        self._shown, self.length = shown, sum(map(len, shown))
        return [shown]

    def _add(self, texts: list[str], delta: str) -> None:
        texts.append(delta)
        self._missing -= len(delta)
        self.pending = self._missing <= 0


def shown(predict: Predict | AsyncPredict) -> Callable[..., AsyncGenerator[Shown, None]]:
    """Give the view of a predict that yields `Shown`s; it takes what every view takes."""
    view: Callable[..., AsyncGenerator[Shown, None]] = aview_of(
        _spec(predict), ShownView, "The reply so far, reasoning and answer apart."
    )
    return view


def news(before: Shown, now: Shown) -> Shown:
    """Give what is new since a value, for UIs that cannot take text back.

    Raises:
        IncompleteStreamError: After a restart the reply reads differently.
    """
    if not all(new.startswith(old) for old, new in zip(before, now, strict=True)):
        raise IncompleteStreamError(
            f"the reply broke after {len(before.text)} characters and the next attempt reads "
            "differently; this chat cannot take back what it has shown",
            partial=before.text,
        )
    return Shown(now.reasoning[len(before.reasoning) :], now.text[len(before.text) :])


def asking(inputs: Inputs) -> Callable[[], Mapping[str, Any]]:
    """Give what is asked for the values of the additional inputs; without it there are none.

    Raises:
        OptionError: It cannot be asked; or, when it is, it gives no mapping.
    """
    if inputs is not None and not callable(inputs):
        raise OptionError(
            f"inputs is of type {type(inputs).__name__}: give a callable that is asked for the "
            'values with each message, such as inputs=lambda: {"temperature": 0.5}'
        )

    def values() -> Mapping[str, Any]:
        found: Any = None if inputs is None else inputs()
        if found is None:
            return {}
        if not isinstance(found, Mapping):
            raise OptionError(
                f"inputs gave {found!r:.80}: it is to give a dict of names and values, such as "
                '{"temperature": 0.5}'
            )
        return found

    return values


def named(predict: Predict | AsyncPredict, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Keep those of a UI's own settings that the predict has as additional inputs.

    UIs send all their settings with every message, also those that a model refuses; which of
    them reach the provider is for `additional_inputs` to say.
    """
    names = _spec(predict).additional_inputs
    return {name: settings[name] for name in names if name in settings}


def _spec(predict: Any) -> Any:
    spec = getattr(predict, "spec", None)
    if spec is None:
        raise OptionError(f"{predict!r} is not a predict that a factory made")
    return spec
