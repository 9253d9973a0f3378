"""How often a reply is shown: less often the longer it is, so that its reader can keep up."""

from __future__ import annotations

from typing import Final

# A chat UI draws the whole text anew for each value: it parses, converts and lays it out, for which
# Chromium needs 1 or 2 microseconds a character, after up to 25 milliseconds whatever the length.
# What comes faster waits there.
_A_CHARACTER: Final = 4e-6
_MOST: Final = 1.0


def next_frame(due: float, now: float, pace: float, length: int) -> float:
    """Give when the next value is due.

    One that was shown late lets the next come up to half a frame earlier. So tokens that come less
    often than frames, but not evenly, are shown as they come, and none needs a timer.

    Args:
        due: When this one was due, in seconds.
        now: When it is shown.
        pace: As for `frame`.
        length: As for `frame`.
    """
    seconds = frame(pace, length)
    early = now - seconds / 2
    return (due if due > early else early) + seconds  # noqa: FURB136 - `max` takes ten times that


def frame(pace: float, length: int) -> float:
    """Give the seconds from one value to the next.

    Args:
        pace: Most values a second.
        length: Characters that are shown by now.
    """
    longer = length * _A_CHARACTER
    return 1 / pace + (longer if longer < _MOST else _MOST)  # noqa: FURB136 - as above
