"""Every scenario by its name."""

from __future__ import annotations

from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING

from . import abuse, breaks, content, endings, errors, framing, others, sse, statuses
from .scenario import found_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .scenario import Scenario

#: Every scenario by its name.
SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    found_in(
        vars(sse),
        vars(content),
        vars(endings),
        statuses.ONCE,
        statuses.NEVER,
        vars(statuses),
        vars(others),
        vars(framing),
        vars(errors),
        vars(breaks),
        vars(abuse),
    )
)
_SHOWN = 5


def nearest(name: str) -> str:
    """Say which scenarios have a name like this one, if any has.

    Example:
        >>> nearest("connection_refusd")
        'did you mean connection_refused or connect_hangs? '
    """
    near = get_close_matches(name, SCENARIOS, _SHOWN, 0.6)
    return f"did you mean {' or '.join(near)}? " if near else ""
