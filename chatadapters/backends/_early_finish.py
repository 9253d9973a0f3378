"""Reads wires of chunks: their form is learned, and a finish reason may come before more text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from .._events import Finish
from ._event_form import EventForm
from ._wire_reader import EVENT_LIMIT, WireReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._events import ReaderEvent
    from ._openai_types import Chunk, RawChunk

AnyChunk = TypeVar("AnyChunk", "Chunk", "RawChunk")


class EarlyFinishReader(WireReader, Generic[AnyChunk]):
    """Takes that finish reason for the end which nothing follows, and lets forms be learned.

    Proxies of Gemini say one with each piece of a chat, KoboldCpp with each piece of a raw
    completion. A subclass shows each to `_may_end`, and pieces without one while one is held.

    Args:
        key: The name of the field that has the text.
        cumulative: As for `WireReader`.
        leaks: As for `WireReader`.
        limit: As for `WireReader`.
    """

    __slots__ = ("_early", "_held")

    def __init__(
        self,
        key: str,
        *,
        cumulative: bool = False,
        leaks: bool = False,
        limit: int = EVENT_LIMIT,
    ) -> None:
        form = EventForm(key)
        super().__init__(cumulative=cumulative, leaks=leaks, limit=limit, form=form)
        self._held: str | None = None  # a finish reason that came with text, which may go on
        self._early = False  # whether it did

    def _event(self, data: bytes) -> None:
        chunk, form = self._chunk(data), self._form
        if form is None:
            return
        if text := self._text_of(chunk):
            form.read(data, text, alone=self._says_only(text, chunk))
        else:
            form.forget()  # what came before may change what an event says
        if not form.learns:
            self._form = None

    def _chunk(self, data: bytes) -> AnyChunk:
        """Read the JSON of one event."""
        raise NotImplementedError  # each API has its own

    def _text_of(self, chunk: AnyChunk) -> str | None:
        """Give the text of an event."""
        raise NotImplementedError  # each API has its own

    def _says_only(self, text: str, chunk: AnyChunk) -> bool:
        """Say whether an event says nothing but this text."""
        raise NotImplementedError  # each API has its own

    def broke(self) -> Sequence[ReaderEvent]:
        """Give the finish that came with the last text, unless this server says one with each."""
        if self._early or self._held is None:
            return ()
        self._ending()
        return self._out.take(last=True)

    def _may_end(self, reason: str | None, *, brings: bool) -> None:
        """Read a finish reason, which may come with text."""
        if brings:
            self._early = self._early or self._held is not None
            self._held = reason
        elif reason is not None and self._has_said():
            self._held = None
            self._finish(reason)
        else:
            self._held = reason or self._held

    def _has_said(self) -> bool:
        """Say whether anything of the reply has come."""
        return any(self._out.said)

    def _ending(self) -> None:
        reason, self._held = self._held, None
        if reason is not None:
            self._finish(reason)

    def _finish(self, reason: str) -> None:
        """Take the finish reason that counts."""
        self._out.end(Finish(reason))
