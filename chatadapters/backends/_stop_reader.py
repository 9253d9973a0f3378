"""Cuts a raw reply at stop sequences, whichever of them its server knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._backend import Reader
from .._events import Done, Finish, Text, Usage
from .._stop import StopFilter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .._events import ReaderEvent


class StopReader(Reader):
    r"""Cuts what another reader gives at the first of some stop sequences.

    Servers are told four stop sequences at most, and TGI shows the one it stopped at.

    Args:
        reader: Reads the wire.
        stops: Stop sequences of the raw text.

    Example:
        >>> from chatadapters.backends._tgi import TgiReader
        >>> reader = StopReader(TgiReader(), ["<|end|>"])
        >>> reader.feed(b'data:{"token": {"text": "Hi<|end|>"}}\n\n')
        [Text(delta='Hi'), Finish(reason='stop', usage=None, backend='', tool_calls=()), Done()]
    """

    def __init__(self, reader: Reader, stops: Iterable[str]) -> None:
        self._reader = reader
        self._stop = StopFilter(tuple(dict.fromkeys(stops)))

    def bound(self, event: int) -> None:
        """Hand the bound of one event on."""
        self._reader.bound(event)

    def feed(self, chunk: bytes) -> Sequence[ReaderEvent]:
        """Read one block of bytes."""
        return [cut for event in self._reader.feed(chunk) for cut in self._read(event)]

    def finish(self) -> Sequence[ReaderEvent]:
        """Read what is left when the stream has ended."""
        left = [cut for event in self._reader.finish() for cut in self._read(event)]
        return left + self._flushed()

    def broke(self) -> Sequence[ReaderEvent]:
        """Give a finish that the other reader held back."""
        return [cut for event in self._reader.broke() for cut in self._read(event)]

    def _read(self, event: ReaderEvent) -> list[ReaderEvent]:
        if self._stop.stopped is not None:
            return [event] if isinstance(event, Usage) else []
        if isinstance(event, Text):
            return self._shown(self._stop.feed(event.delta))
        if not isinstance(event, Finish):
            return [event]
        flushed = self._flushed()
        return flushed if self._stop.stopped is not None else [*flushed, event]

    def _flushed(self) -> list[ReaderEvent]:
        return self._shown(self._stop.flush()) if self._stop.stopped is None else []

    def _shown(self, text: str) -> list[ReaderEvent]:
        shown: list[ReaderEvent] = [Text(text)] if text else []
        return shown if self._stop.stopped is None else [*shown, Finish("stop"), Done()]
