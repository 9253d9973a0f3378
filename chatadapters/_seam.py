"""Joins a resumed attempt to the text that an earlier one gave, without a visible seam. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._events import Reasoning, Restarted, Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._attempt import Attempt
    from ._events import Event


def resumable(attempt: Attempt) -> str:
    """Give the raw text that a resumed attempt continues, or `""` when it cannot.

    It is cut before its last white space, because a model continues a whole word as it would
    have written it, but not half a one. Reasoning that the provider keeps apart cannot be put
    back into a prompt.
    """
    if attempt.own_reasoning:
        return ""
    raw = "".join(attempt.raw)
    whole = raw.rstrip()
    if whole != raw:
        return whole
    words = raw.rsplit(maxsplit=1)
    return words[0] if len(words) > 1 else ""


class Seam:
    """Holds back a resumed attempt until it has repeated what was shown.

    If it reads differently it counts as a restart: everything is given again after a
    `Restarted`.

    Args:
        prefix: The raw text that the attempt continues.
        reasoning: The reasoning shown so far.
        text: The answer shown so far.
    """

    def __init__(self, prefix: str, reasoning: str, text: str) -> None:
        self.prefix = prefix
        self._old = text, reasoning
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._missing = len(reasoning) + len(text)

    def feed(
        self, events: Iterable[Text | Reasoning], attempt: int, *, last: bool
    ) -> list[Event] | None:
        """Take the events of the resumed attempt.

        Args:
            events: What it gave.
            attempt: Its number.
            last: Whether nothing follows.

        Returns:
            None while it has not caught up; then the events that follow the seam, and this
            seam is no longer needed.
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
        return [Restarted(attempt), *_events(reasoning, text)]


def _events(reasoning: str, text: str) -> list[Event]:
    events: tuple[Event, ...] = (Reasoning(reasoning), Text(text))
    return [event for event, delta in zip(events, (reasoning, text), strict=True) if delta]
