"""The raw-completions wire (`/v1/completions`): the reader of its streams."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from .._events import Finish
from .._json import TypedDecoder
from ._openai_finish import finish_reason
from ._openai_stream import EVENT_LIMIT, WireReader

if TYPE_CHECKING:
    from ._openai_types import Delta, RawChunk


@cache
def _decoder() -> TypedDecoder[RawChunk]:
    from ._openai_types import RawChunk

    return TypedDecoder(RawChunk)


class CompletionsReader(WireReader):
    r"""Reads the answer to a raw-completions request, whichever server gives it.

    Args:
        cumulative: Whether the server sends the text so far where the new text belongs.
        limit: Most bytes of one event.

    Example:
        >>> CompletionsReader().feed(b'data: {"choices": [{"text": "Hi"}]}\n\n')
        [Text(delta='Hi')]
    """

    def __init__(self, *, cumulative: bool = False, limit: int = EVENT_LIMIT) -> None:
        super().__init__(cumulative=cumulative, limit=limit)
        self._decode = _decoder().decode

    def _event(self, data: bytes) -> None:
        chunk = self._decode(data)
        if chunk.error or (chunk.choices is None and chunk.content is None):
            self._no_answer(data)
        if chunk.usage:
            self._out.usage = chunk.usage
        for choice in chunk.choices or ():
            if not choice.index:
                self._said(choice.text or _chatted(choice.delta), choice.finish_reason)
        if chunk.content is not None:
            self._said(chunk.content, (chunk.stop_type or "stop") if chunk.stop else None)

    def _said(self, text: str | None, theirs: str | None) -> None:
        if text:
            self._out.text(text)
        reason = finish_reason(theirs)
        if reason is not None:
            self._out.end(Finish(reason))


def _chatted(delta: Delta | None) -> str | None:
    """Give the text of a chunk of a chat."""
    content = delta.content if delta else None
    return content if isinstance(content, str) else None
