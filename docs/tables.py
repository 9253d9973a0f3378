"""Puts the measured tables where other pages quote them: `python docs/tables.py` writes them.

A page quotes a table between `<!-- NAME: begin, from docs/FILE.md -->` and `<!-- NAME: end -->`:
the one of that name between the same marks in the file, or the file's first table; behind the file
may stand which columns, `, columns 1 3`. A test holds them equal.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
#: What a page says as long as the measurement has not been run.
UNMEASURED = "(not measured with this version yet)\n"
PAGES = ("README.md", "docs/comparison.md")
_QUOTE = re.compile(
    r"(?P<begin><!-- (?P<name>[\w-]+): begin, from (?P<file>[\w/.]+)"
    r"(?:, columns (?P<columns>[\d ]+))? -->\n)"
    r"(?P<table>.*?)(?P<end><!-- (?P=name): end -->)",
    re.DOTALL,
)
_TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)


def wanted(name: str, file: str, columns: str | None) -> str:
    """Give the table that a quote must show.

    Raises:
        LookupError: The file has no such table.
    """
    text = (ROOT / file).read_text("utf-8")
    part = re.search(rf"<!-- {name}: begin -->(.*?)<!-- {name}: end -->", text, re.DOTALL)
    table = _TABLE.search(part[1] if part else text)
    if table is None and part is None:
        raise LookupError(f"{file} has no table {name!r}")
    if table is None:
        return f"\n{UNMEASURED}\n"
    return f"\n{chosen(table[0], columns) if columns else table[0]}\n"


def chosen(table: str, columns: str) -> str:
    """Give some columns of a table, counted from 1."""
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in table.splitlines()]
    kept = [[row[int(column) - 1].strip() for column in columns.split()] for row in rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in kept)


def quoted(page: str) -> str:
    """Give the text of a page with every table as it should be."""

    def filled(quote: re.Match[str]) -> str:
        table = wanted(quote["name"], quote["file"], quote["columns"])
        return f"{quote['begin']}{table}{quote['end']}"

    return _QUOTE.sub(filled, (ROOT / page).read_text("utf-8"))


if __name__ == "__main__":
    for page in PAGES:
        (ROOT / page).write_text(quoted(page), encoding="utf-8")
