"""The parts of the benchmark; each measures one thing beside the peers and writes its tables."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

PARTS = ["streams", "langchain", "start", "length", "users", "browser", "libraries"]


class Part(Protocol):
    """What a part's module has."""

    SIZES: Mapping[str, dict[str, Any]]

    def measure(self, url: str, size: dict[str, Any]) -> dict[str, Any]:
        """Measure against the server at an address; give what JSON can hold."""

    def tables(self, found: dict[str, Any]) -> str:
        """Write what was found."""


def load(name: str) -> Part:
    """Give a part."""
    return cast("Part", import_module(f"benchmarks.parts.{name}"))
