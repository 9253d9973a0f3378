"""One attempt at a reply: chunks go in, the text that may be shown comes out. Pure."""

from __future__ import annotations

from contextlib import suppress
from io import StringIO
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from ._errors import IncompleteStreamError, LimitExceededError, StreamError
from ._events import Done, Failed, Finish, Progress, Reasoning, Restarted, Text, Usage
from ._policies import Limits
from ._reasoning import ReasoningSplitter
from ._seam import START, Join, resumable
from ._stop import StopFilter, TokenFilter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ._backend import Chunk, Reader
    from ._events import ReaderEvent
    from ._policies import EndsWith
    from ._seam import Break


class Rules(NamedTuple):
    """What holds for every attempt at one reply."""

    stop: tuple[str, ...] = ()
    special_tokens: tuple[str, ...] = ()
    inside_reasoning: bool = False
    limits: Limits = Limits()
    ends_with: EndsWith = "finish"


class Attempt:
    """Reads one stream: special tokens out, reasoning split off, stop sequences cut, limits.

    Args:
        reader: A fresh reader of the backend.
        rules: What holds for the whole reply.
        point: Where an earlier attempt broke, if this one continues it.
        apart: Whether neighbouring pieces of the answer stay events of their own.

    Attributes:
        finish: The end as the provider named it, or None as long as it has not.
        usage: The tokens it took, if the provider told them apart from the finish.
        done: Whether the server marked the end of its stream.
        over: Whether nothing that follows could matter.
        content: How many pieces of content came; a finish is one.
    """

    __slots__ = (
        "_apart", "_events", "_join", "_most", "_passes", "_plain", "_raw", "_reader", "_rules",
        "_size", "_splitter", "_stop", "_tokens", "content", "done", "finish", "over", "usage",
    )  # fmt: skip

    def __init__(
        self, reader: Reader, rules: Rules, point: Break = START, *, apart: bool = False
    ) -> None:
        self._reader, self._rules, self._apart = reader, rules, apart
        self._begin()
        self._size, self._most = 0, rules.limits.reply
        self._events: list[Text | Reasoning | Restarted] = []
        self.finish: Finish | None = None
        self.usage: Usage | None = None
        self.done = self.over = False
        self.content = 0
        self._plain = True
        self._join = Join(point) if point.prefix else None

    def _begin(self) -> None:
        rules = self._rules
        self._tokens = TokenFilter(rules.special_tokens) if rules.special_tokens else None
        self._splitter = ReasoningSplitter(inside=rules.inside_reasoning)
        self._stop = StopFilter(rules.stop) if rules.stop else None
        self._raw = StringIO()
        self._passes = False  # whether text is shown as it comes

    def feed(self, chunk: Chunk) -> None:
        """Read one chunk."""
        events = self._reader.feed(chunk)
        if not isinstance(events, list):
            self._read(events)
        elif len(events) == 1 and isinstance(events[0], Text):  # what most chunks bring
            self._text(events[0])
        else:
            ends = events and isinstance(events[-1], Done)
            self._read(_without_halves(events) if ends and self._is_cut(events) else events)

    def end(self) -> None:
        """Read what is left when the stream has ended.

        Raises:
            IncompleteStreamError: When the stream merely ended and that does not suffice.
        """
        left = self._reader.finish()
        self._read(_without_halves(left) if isinstance(left, list) and self._is_cut(left) else left)
        self.over = True
        if self.finish is None and self._rules.ends_with != "close":
            raise IncompleteStreamError(_incomplete(done=False))
        self._finish(Finish("unknown"))

    def _is_cut(self, left: Iterable[ReaderEvent]) -> bool:
        """Say whether a finish is due and is not among what is left."""
        ends_with = self._rules.ends_with
        is_due = self.finish is None and ends_with != "close"
        ends = Finish if ends_with == "finish" else (Finish, Done)
        return is_due and not any(isinstance(event, ends) for event in left)

    def broke(self, error: Exception) -> None:
        """Take note that the stream broke; a finish that the reader held back still counts."""
        if self.finish is None and not isinstance(error, LimitExceededError):
            with suppress(StreamError):  # what came is no continuation
                self._read(self._reader.broke())

    def take(self) -> list[Text | Reasoning | Restarted]:
        """Give what may be shown now and was not given yet."""
        events, self._events = self._events, []
        return _joined(events) if len(events) > 1 and not self._apart else events

    def resume_point(self) -> Break:
        """Say where this reply can be continued; `START` when it cannot.

        Reasoning that the provider keeps apart, and calls of tools, cannot be put back into a
        prompt.
        """
        return resumable(self._raw.getvalue()) if self._plain else START

    def _read(self, events: Iterable[ReaderEvent]) -> None:
        if not hasattr(events, "__iter__"):
            raise TypeError(_no_event(events))
        for event in events:
            if self.over:
                return
            match event:
                case Text():
                    self._text(event)
                case Reasoning(delta):
                    self._reasoning(delta)
                case Progress(size):
                    self._plain = False
                    self._count(size)
                case Usage():
                    self.usage = event
                case Finish():
                    self._finish(event)
                case Restarted():
                    self._begin()
                    self._plain, self._join = False, None
                    self._events.append(event)
                case Done():
                    self._ended()
                case Failed(error):
                    raise error
                case _:  # pyright: ignore[reportUnnecessaryComparison] # others write readers too
                    raise TypeError(_no_event(event))

    def _ended(self) -> None:
        self.done = True
        if self.finish is None and self._rules.ends_with == "finish":
            raise IncompleteStreamError(_incomplete(done=True))
        self._finish(Finish("unknown"))

    def _text(self, event: Text) -> None:
        if self.finish is not None:
            return
        delta = event.delta
        try:
            size = len(delta)
        except TypeError:  # None, of a chunk that has no text
            raise TypeError(_no_event(event)) from None
        self.content += 1
        self._size += size
        if self._size > self._most:
            raise self._too_long()
        if self._passes and delta:
            self._raw.write(delta)
            self._events.append(event)
            return
        text = delta if self._join is None else self._join.feed(delta)
        if text is not None:
            self._join = None
            self._add(text)
            filtered = self._tokens is not None or self._stop is not None
            self._passes = self._splitter.settled and not filtered

    def _add(self, text: str) -> None:
        self._raw.write(text)
        self._split(text if self._tokens is None else self._tokens.feed(text))

    def _reasoning(self, delta: str) -> None:
        if self.finish is not None:
            return
        self._count(len(delta))
        self._plain = False
        self._events.append(Reasoning(delta))

    def _split(self, text: str) -> None:
        self._show(self._splitter.feed(text) if text else [])

    def _show(self, pieces: list[tuple[bool, str]]) -> None:
        for is_reasoning, piece in pieces:
            if is_reasoning:
                self._events.append(Reasoning(piece))
            else:
                self._answer(piece if self._stop is None else self._stop.feed(piece))
        if self._stop is not None and self._stop.stopped is not None:
            self._stopped()

    def _answer(self, text: str) -> None:
        if text:
            self._events.append(Text(text))

    def _stopped(self) -> None:
        self.finish = Finish("stop")
        self.content += 1
        self.over = True

    def _finish(self, finish: Finish) -> None:
        if self.finish is not None:
            return
        self._flush()
        if self.finish is None:
            self.finish = finish
            self.content += 1

    def _flush(self) -> None:
        if self._join is not None:
            self._add(self._join.flush())
        if self._tokens is not None:
            self._split(self._tokens.flush())
        self._show(self._splitter.flush())
        if self._stop is not None and self.finish is None:
            self._answer(self._stop.flush())

    def _count(self, size: int) -> None:
        self.content += 1
        self._size += size
        if self._size > self._most:
            raise self._too_long()

    def _too_long(self) -> LimitExceededError:
        return LimitExceededError(
            f"the reply is longer than {self._most} characters; "
            "raise limits=Limits(reply=...) if that is wanted"
        )


def _joined(
    events: list[Text | Reasoning | Restarted],
) -> list[Text | Reasoning | Restarted]:
    """Make one event of neighbouring pieces of the answer: each costs something to show."""
    joined: list[Text | Reasoning | Restarted] = []
    for _, same in groupby(events, type):
        group = list(same)
        pieces = [event.delta for event in group if isinstance(event, Text)]
        joined += [Text("".join(pieces))] if pieces else group
    return joined


def _without_halves(events: Iterable[ReaderEvent]) -> Iterator[ReaderEvent]:
    """Leave out what stands for a character that was cut: the next attempt has it whole."""
    for event in events:
        if not isinstance(event, (Text, Reasoning)):
            yield event
        elif delta := event.delta.rstrip("\ufffd"):
            yield type(event)(delta)


def _no_event(given: object) -> str:
    return f"a reader gives a list of events, such as [Text('Hello')], not {given!r:.80}"


def _incomplete(*, done: bool) -> str:
    if done:
        return (
            "the stream said it was done but gave no finish reason, so the reply may be cut; "
            'if this server never sends one, set ends_with="done"'
        )
    return (
        "the stream ended before the provider said that the reply is finished; "
        'if this server never says so, set ends_with="done" (it sends [DONE]) '
        'or ends_with="close" (it only closes)'
    )
