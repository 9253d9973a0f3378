"""Markdown tables of what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write a table whose first column is text and whose others are numbers."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def number(value: float | None) -> str:
    """Write a number with two or three digits that count."""
    if value is None:
        return "-"
    digits = 0 if value >= 20 else 1 if value >= 2 else 2
    return f"{value:,.{digits}f}"


def bold(text: str, when: bool) -> str:
    """Write ours bold."""
    return f"**{text}**" if when else text
