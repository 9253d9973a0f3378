"""Text in a terminal: styled where the terminal takes it and nobody has said NO_COLOR."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

BOLD, DIM, RED, GREEN, YELLOW, CYAN = "1", "2", "31", "32", "33", "36"


def colours(stream: TextIO) -> bool:
    """Say whether a stream is a terminal that may be coloured."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain and _takes_escapes()


def _takes_escapes() -> bool:
    """Say whether escapes are read: Windows' old console, which sets none of these, shows them."""
    names = ("TERM", "TERM_PROGRAM", "WT_SESSION")
    return os.name != "nt" or any(map(os.environ.get, names))


def styled(text: str, style: str, stream: TextIO) -> str:
    """Give a text in a style, or as it is where the stream takes none."""
    return f"\x1b[{style}m{text}\x1b[0m" if colours(stream) else text
