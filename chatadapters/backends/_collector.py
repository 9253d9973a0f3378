"""Gathers what one block of a stream says, so that neighbouring pieces become one event."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

from .._events import Done, Progress, Reasoning, Text, Usage
from .._json import SurrogateJoiner
from ._leaks import LeakFilter
from ._so_far import Growth, SoFar

if TYPE_CHECKING:
    from .._events import Finish, ReaderEvent


class Collector:
    """Takes text, reasoning, tool-call progress and usage; gives events.

    Args:
        cumulative: Whether each piece repeats all that came before it.
        leaks: Whether control tokens at the end of the answer are dropped.

    Attributes:
        progress: Characters of tool calls since the last event.
        usage: Token counts as the server sent them, or None.

    Example:
        >>> out = Collector()
        >>> out.reasoning("Hm"); out.text("Hel"); out.text("lo")
        >>> out.take()
        [Reasoning(delta='Hm'), Text(delta='Hello')]
    """

    __slots__ = (
        "_events", "_finished", "_growth", "_open", "_reasoning", "_text", "progress", "usage",
    )  # fmt: skip

    def __init__(self, *, cumulative: bool = False, leaks: bool = False) -> None:
        self._text = _Channel(Text, cumulative=cumulative, leaks=leaks)
        self._reasoning = _Channel(Reasoning, cumulative=cumulative)
        self._growth = None if cumulative else Growth()
        self._open = self._text
        self._events: list[ReaderEvent] = []
        self._finished = False
        self.progress = 0
        self.usage: Any = None

    def text(self, piece: str) -> None:
        """Take a piece of the answer."""
        channel = self._text
        if self._open is not channel:
            self._turn_to(channel)
        if self._growth is not None and not self._growth.goes_on(piece):
            self._growth = None
        channel.pieces.append(piece if channel.so_far is None else channel.so_far.newest(piece))

    def reasoning(self, piece: str) -> None:
        """Take a piece of reasoning."""
        channel = self._reasoning
        if self._open is not channel:
            self._turn_to(channel)
        channel.pieces.append(piece if channel.so_far is None else channel.so_far.newest(piece))

    def alone(self, piece: str) -> list[ReaderEvent]:
        """Take a piece of the answer and give its events: `text` and `take` where nothing waits.

        Args:
            piece: What is not empty, and valid Unicode by itself.
        """
        channel = self._text
        if (
            self._growth is not None
            or self._open is not channel
            or channel.so_far is not None
            or channel.joiner.high
            or self._finished
        ):
            self.text(piece)
            return self.take()
        channel.taken = True
        text = piece if channel.leaks is None else channel.leaks.feed(piece)
        return [Text(text)] if text else []

    def end(self, event: Finish | Done) -> None:
        """Take the end; text after it, and a second finish, are not taken."""
        self._gather(last=True)
        if isinstance(event, Done) or not self._finished:
            self._events.append(event)
        self._finished = True

    @property
    def said(self) -> tuple[bool, bool]:
        """Whether any text came, and any reasoning."""
        return self._text.said, self._reasoning.said

    def __bool__(self) -> bool:
        return bool(self._events or self._open.pieces)

    def take(self, *, last: bool = False) -> list[ReaderEvent]:
        """Give the events so far, and begin anew.

        Args:
            last: Whether no text can follow.
        """
        if not (last or self._events or self.progress or self.usage):
            channel = self._open  # nothing but text is what most blocks bring
            text = channel.take() if channel.pieces else ""
            return [channel.kind(text)] if text and not self._finished else []
        self._gather(last=last)
        events, self._events = self._events, []
        return events

    def _turn_to(self, channel: _Channel) -> None:
        self._gather_text(last=True)
        self._open = channel

    def _gather_text(self, *, last: bool) -> None:
        text = self._open.end() if last else self._open.take()
        if text and not self._finished:
            self._events.append(self._open.kind(text))

    def _gather(self, *, last: bool) -> None:
        self._gather_text(last=last)
        if self.progress:
            self._events.append(Progress(self.progress))
            self.progress = 0
        if self.usage:
            self._events.append(usage_of(self.usage))
            self.usage = None


class _Channel:
    """One kind of text, repaired where it needs to be."""

    __slots__ = ("joiner", "kind", "leaks", "pieces", "so_far", "taken")

    def __init__(
        self, kind: type[Text | Reasoning], *, cumulative: bool, leaks: bool = False
    ) -> None:
        self.kind = kind
        self.so_far = SoFar() if cumulative else None
        self.leaks = LeakFilter() if leaks else None
        self.pieces: list[str] = []
        self.joiner = SurrogateJoiner()
        self.taken = False

    @property
    def said(self) -> bool:
        """Whether any piece came."""
        return self.taken or any(self.pieces)

    def take(self) -> str:
        text = "".join(self.pieces)
        self.pieces.clear()
        if self.joiner.high or not text.isascii():
            text = self.joiner.feed(text)
        if text:
            self.taken = True
        return text if self.leaks is None else self.leaks.feed(text)

    def end(self) -> str:
        """Take what is left, when this kind of text is not to go on."""
        if self.so_far is not None:
            self.pieces.append(self.so_far.flush())
        text, rest = self.take(), self.joiner.flush()
        if self.leaks is None:
            return text + rest
        return text + self.leaks.feed(rest) + self.leaks.flush()


def usage_of(counts: object) -> Usage:
    """Read token counts in the names of chat completions or of the Responses API.

    Example:
        >>> usage_of({"prompt_tokens": 9, "completion_tokens": 3})
        Usage(input_tokens=9, output_tokens=3, reasoning_tokens=None, cached_tokens=None)
    """
    found = _mapping(counts)
    taken = _mapping(_first(found, "completion_tokens_details", "output_tokens_details"))
    given = _mapping(_first(found, "prompt_tokens_details", "input_tokens_details"))
    cached = given.get("cached_tokens", found.get("prompt_cache_hit_tokens"))
    return Usage(
        input_tokens=_count(_first(found, "prompt_tokens", "input_tokens")),
        output_tokens=_count(_first(found, "completion_tokens", "output_tokens")),
        reasoning_tokens=_count(taken.get("reasoning_tokens")),
        cached_tokens=_count(cached),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _first(counts: Mapping[str, Any], *names: str) -> object:
    return next((counts[name] for name in names if counts.get(name) is not None), None)


def _count(value: object) -> int | None:
    if isinstance(value, float):
        return int(value) if isfinite(value) else None
    return int(value) if isinstance(value, int) else None
