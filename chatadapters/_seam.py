"""Joins a continued reply to the text that an earlier attempt gave, without a seam. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ._errors import IncompleteStreamError
from ._events import Reasoning, Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._events import Event

_MOST_OVERLAP = 256
#: Characters that must come again where a server does not simply go on.
_LEAST_EVIDENCE = 8


class Break(NamedTuple):
    """Where a broken reply is continued; empty where it begins again.

    Attributes:
        prefix: The raw text that a continuation follows.
        tail: What the broken attempt said behind it, which a continuation has to say again.
    """

    prefix: str = ""
    tail: str = ""


START = Break()


def resumable(raw: str) -> Break:
    """Say where a reply can be continued that has said `raw`; `START` when it cannot.

    It is cut before the last word, because a model continues a whole word as it would have
    written it, but not half a one; and that word, said again, shows that what comes really is
    the continuation.
    """
    words = raw.rsplit(maxsplit=1)
    return Break(words[0], raw[len(words[0]) :]) if len(words) > 1 else START


class SeamError(IncompleteStreamError):
    """A continuation does not fit what was shown; only a restart can help."""


class Join:
    """Finds out where in a broken reply its continuation begins.

    Most servers go on right behind the prefix. Others say it all again, or the end of it, or
    leave out the white space that follows it; and one that does not understand what it is asked
    says something else. The last word of the broken reply decides: a place fits when all that
    was said behind it comes again, and the texts are joined when exactly one place fits.

    Args:
        point: Where the reply was cut.
    """

    def __init__(self, point: Break) -> None:
        self._said = point.prefix + point.tail
        self._behind = len(point.prefix)
        word = len(self._said) - len(point.tail.lstrip())
        overlap = range(max(0, self._behind - _MOST_OVERLAP), self._behind)
        self._places = sorted({0, *overlap, self._behind, word})
        self._head: list[str] = []
        self._size = 0

    def feed(self, delta: str) -> str | None:
        """Take a piece of the continuation.

        Returns:
            None while it is open where it begins; then the whole text so far, prefix included,
            and this is no longer needed.

        Raises:
            SeamError: No place fits, or more than one.
        """
        self._head.append(delta)
        self._places = [place for place in self._places if self._fits(place, delta)]
        self._size += len(delta)
        return self._joined(last=False)

    def flush(self) -> str:
        """Give the whole text, when the continuation has ended.

        Raises:
            SeamError: No place fits.
        """
        return self._joined(last=True) or ""

    def _fits(self, place: int, delta: str) -> bool:
        at = place + self._size
        known = self._said[at : at + len(delta)]
        return delta.startswith(known)

    def _joined(self, *, last: bool) -> str | None:
        whole = [place for place in self._places if place + self._size >= len(self._said)]
        if len(whole) > 1 or not self._places:
            raise SeamError("what came as the continuation of a broken reply does not fit it")
        if whole == self._places:
            return self._said[: self._sure(*whole)] + "".join(self._head)
        if last:
            raise SeamError("the continuation of a broken reply ended before it fitted it")
        return None

    def _sure(self, place: int) -> int:
        """Give a place unless it could fit by chance."""
        again = self._said[place:]
        if place and self._said.startswith(again):
            raise SeamError("what came may continue a broken reply or begin it again")
        if place != self._behind and len(again) < _LEAST_EVIDENCE:
            raise SeamError("a continuation fits a broken reply by too few characters")
        return place


class Seam:
    """Holds back a resumed attempt until it has repeated what was shown.

    Args:
        point: Where the attempt continues.
        reasoning: The reasoning shown so far.
        text: The answer shown so far.
    """

    def __init__(self, point: Break, reasoning: str, text: str) -> None:
        self.point = point
        self._old = text, reasoning
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._missing = len(reasoning) + len(text)

    def feed(self, events: Iterable[Text | Reasoning], *, last: bool) -> list[Event] | None:
        """Take the events of the resumed attempt.

        Args:
            events: What it gave.
            last: Whether nothing follows.

        Returns:
            None while it has not caught up; then the events that follow the seam, and this
            seam is no longer needed.

        Raises:
            SeamError: It reads differently from what was shown, so the two must not mix.
        """
        for event in events:
            (self._text if isinstance(event, Text) else self._reasoning).append(event.delta)
            self._missing -= len(event.delta)
        if self._missing > 0 and not last:
            return None
        text, reasoning = "".join(self._text), "".join(self._reasoning)
        old_text, old_reasoning = self._old
        if text.startswith(old_text) and reasoning.startswith(old_reasoning):
            return _events(reasoning[len(old_reasoning) :], text[len(old_text) :])
        raise SeamError("the continuation of a broken reply reads differently from its beginning")


def _events(reasoning: str, text: str) -> list[Event]:
    events: tuple[Event, ...] = (Reasoning(reasoning), Text(text))
    return [event for event, delta in zip(events, (reasoning, text), strict=True) if delta]
