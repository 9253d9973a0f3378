"""The stop sequences that a request may have, checked when a predict is made."""

from __future__ import annotations

from typing import Any

from .._checks import NO_STOP, is_sendable
from .._errors import OptionError

MOST_STOPS = 4


def checked_stops(given: Any) -> tuple[str, ...]:
    """Give the stop sequences of a request as a tuple.

    Raises:
        OptionError: They are not strings of valid Unicode, or more than a server takes.
    """
    several = hasattr(given, "__iter__") and not isinstance(given, str)
    stops = tuple(given) if several else (given,)
    if not all(isinstance(stop, str) and stop and is_sendable(stop) for stop in stops):
        raise OptionError(f"stop_sequences={given!r}: give strings {NO_STOP}")
    if len(stops) > MOST_STOPS:
        raise OptionError(
            f"stop_sequences={given!r}: servers take {MOST_STOPS} by default. Give them as "
            f"stop=: {MOST_STOPS} are sent then, and all are enforced here"
        )
    return stops
