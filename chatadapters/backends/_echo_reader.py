"""Reads what the echo backend says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._backend import Reader
from .._events import Finish, Text

if TYPE_CHECKING:
    from collections.abc import Sequence


class EchoReader(Reader):
    """Every chunk is text; the end of the stream is the end of the reply."""

    def feed(self, chunk: str) -> Sequence[Text]:
        """Read one piece of text."""
        return (Text(chunk),) if chunk else ()

    def finish(self) -> Sequence[Finish]:
        """End the reply."""
        return (Finish("stop"),)
