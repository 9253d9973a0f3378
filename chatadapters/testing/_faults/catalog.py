"""Every scenario by its name."""

from __future__ import annotations

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
