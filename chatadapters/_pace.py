"""How often a reply is shown: less often the longer it is, so that its reader can keep up."""

from __future__ import annotations

from typing import Final

# A chat UI draws the whole text anew for each value: it parses, converts and lays it out, for which
# Chromium needs a second or two for each million characters. What comes faster waits there.
_DRAWN: Final = 250_000  # characters a second
_LONGEST: Final = 1.0


def frame(pace: float, length: int) -> float:
    """Give the seconds from one value to the next.

    Args:
        pace: Most values a second.
        length: Characters that are shown by now.
    """
    return max(1 / pace, min(length / _DRAWN, _LONGEST))
