"""What the HTTP libraries and the SDK's objects cost: the same stream, with orjson behind each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.clients import LIBRARIES
from benchmarks.parts import streams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.clients import Client

SIZES = streams.SIZES


def measure(
    url: str, size: dict[str, int], clients: Sequence[Client] = LIBRARIES
) -> dict[str, Any]:
    """Measure each in the regimes of `streams`."""
    return streams.measure(url, size, clients)


def tables(found: dict[str, Any]) -> str:
    """Write a table for each regime."""
    return streams.tables(found).replace("### OpenAI's chat wire: ", "### ")
