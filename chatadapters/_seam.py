"""Joins a continued reply to the text that an earlier attempt gave, without a seam. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._errors import IncompleteStreamError
from ._events import Reasoning, Text

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


class SeamError(IncompleteStreamError):
    """A continuation does not fit what was shown; only a restart can help."""


class Echo:
    """Finds out whether a server that was asked to continue says it all again.

    Some servers answer with the continuation alone, others repeat what they were to continue.

    Args:
        prefix: The raw text that is to be continued.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._head: list[str] = []
        self._size = 0

    def feed(self, delta: str) -> str | None:
        """Take a piece of the answer.

        Returns:
            None while it may be either; then the whole text so far, prefix included, and this
            is no longer needed.
        """
        self._head.append(delta)
        common = min(len(delta), len(self._prefix) - self._size)
        if not self._prefix.startswith(delta[:common], self._size):
            return self._prefix + "".join(self._head)
        self._size += len(delta)
        return "".join(self._head) if self._size >= len(self._prefix) else None

    def flush(self) -> str:
        """Give the whole text when the answer ends while it could still be either.

        A beginning of the prefix that has several words is a shorter answer of its own.
        """
        head = "".join(self._head)
        return head if len(head.split()) > 1 else self._prefix + head


class Seam:
    """Holds back a resumed attempt until it has repeated what was shown.

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
