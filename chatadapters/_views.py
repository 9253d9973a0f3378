"""How a reply is handed out: growing strings, deltas, or events. Each is fed and asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._errors import IncompleteStreamError
from ._events import Finish, Reasoning, Restarted, Text

if TYPE_CHECKING:
    from ._events import Event, Notice


class _Render:
    """Events as the text that a string view shows, reasoning between tags if wanted."""

    __slots__ = ("_notice", "_open", "_show_reasoning")

    def __init__(self, show_reasoning: bool, notice: Notice | None) -> None:
        self._show_reasoning, self._notice = show_reasoning, notice
        self._open = False

    def text(self, event: Event) -> str:
        if isinstance(event, Text):  # nearly all are; a `match` takes five times as long
            return self._close() + event.delta if self._open else event.delta
        match event:
            case Reasoning(delta) if self._show_reasoning:
                opening = "" if self._open else "<think>"
                self._open = True
                return opening + delta
            case Finish():
                return self._close() + ((self._notice and self._notice(event)) or "")
            case Restarted():
                self._open = False
        return ""

    def _close(self) -> str:
        closing = "</think>\n\n" if self._open else ""
        self._open = False
        return closing


class View:
    """What a consumer sees of a reply.

    Args:
        show_reasoning: Whether string views show the model's reasoning.
        notice: Gives a line to append to the text for a `Finish`, or None.

    Attributes:
        pending: Whether `take` has something to give that was not given yet.
        length: Characters that were given, as far as a consumer draws them anew for each value.
        apart: Whether neighbouring pieces of the answer are to come as events of their own.
    """

    __slots__ = ("_render", "length", "pending")

    apart = False

    def __init__(self, show_reasoning: bool = False, notice: Notice | None = None) -> None:
        self._render = _Render(show_reasoning, notice)
        self.pending = False
        self.length = 0

    def push(self, event: Event) -> None:
        """Take note of an event."""
        raise NotImplementedError  # each view has its own

    def take(self, *, last: bool) -> list[Any]:
        """Give the values to hand out now.

        Args:
            last: Whether the reply has ended, so that nothing may be held back.
        """
        raise NotImplementedError  # each view has its own


class EventView(View):
    """Every event as it is."""

    __slots__ = ("_events",)

    apart = True

    def __init__(self, show_reasoning: bool = False, notice: Notice | None = None) -> None:
        super().__init__(show_reasoning, notice)
        self._events: list[Event] = []

    def push(self, event: Event) -> None:
        self._events.append(event)
        self.pending = True

    def take(self, *, last: bool) -> list[Event]:  # noqa: ARG002 - nothing is ever held back
        events, self._events, self.pending = self._events, [], False
        return events


class GrowingView(View):
    """The reply so far; each value replaces the last.

    After a restart the old text stays until the new attempt has caught up with it, so what is
    shown is always a prefix of one attempt.
    """

    __slots__ = ("_missing", "_new", "_shown", "_text")

    def __init__(self, show_reasoning: bool = False, notice: Notice | None = None) -> None:
        super().__init__(show_reasoning, notice)
        self._new: list[str] = []
        self._text = ""
        self._missing = 0  # characters the new attempt still lacks to replace the old one
        self._shown: str | None = None

    def push(self, event: Event) -> None:
        if text := self._render.text(event):
            self._new.append(text)
            self._missing -= len(text)
            self.pending = self._missing <= 0
        elif isinstance(event, Restarted):
            self._new, self._text, self.pending = [], "", False
            self._missing = len(self._shown or "")

    def take(self, *, last: bool) -> list[str]:
        if not (self.pending or last):
            return []
        text = self._text = self._text + "".join(self._new)
        self._new, self.pending = [], False
        if text == self._shown:
            return []
        self._shown, self.length = text, len(text)
        return [text]


class DeltaView(View):
    """Only what is new, never empty; text that was given is never taken back.

    After a restart it goes on while the new text repeats what was given.

    Raises:
        IncompleteStreamError: When the text of a new attempt differs from what was given.
    """

    __slots__ = ("_given", "_new", "_old", "_repeated")

    def __init__(self, show_reasoning: bool = False, notice: Notice | None = None) -> None:
        super().__init__(show_reasoning, notice)
        self._new: list[str] = []
        self._given: list[str] = []
        self._old = ""  # what was given before a restart
        self._repeated = 0  # how much of it the new attempt has repeated

    def push(self, event: Event) -> None:
        if isinstance(event, Restarted):
            self._old, self._repeated = "".join(self._given), 0
            self._new.clear()
        text = self._render.text(event)
        if self._repeated < len(self._old):
            text = self._without_repeated(text)
        if text:
            self._new.append(text)
        if isinstance(event, Finish) and self._repeated < len(self._old):
            raise self._differs()
        self.pending = bool(self._new)

    def take(self, *, last: bool) -> list[str]:  # noqa: ARG002 - nothing is ever held back
        if not self._new:
            return []
        delta = "".join(self._new)
        self._given.append(delta)
        self.length += len(delta)
        self._new, self.pending = [], False
        return [delta]

    def _without_repeated(self, text: str) -> str:
        size = min(len(text), len(self._old) - self._repeated)
        if not self._old.startswith(text[:size], self._repeated):
            raise self._differs()
        self._repeated += size
        return text[size:]

    def _differs(self) -> IncompleteStreamError:
        given = "".join(self._given)
        error = IncompleteStreamError(
            f"the reply broke after {len(given)} characters and the next attempt reads "
            "differently; deltas cannot be taken back (the growing strings of `predict` can)",
            partial=given,
        )
        error.final = True
        return error
