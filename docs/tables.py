"""Puts the measured tables where other pages quote them: `python docs/tables.py` writes them.

A page quotes a table between `<!-- NAME: begin, from docs/FILE.md -->` and `<!-- NAME: end -->`:
the one of that name between the same marks in the file, or the file's first table. A test holds
them equal.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
#: What a page says as long as the measurement has not been run.
UNMEASURED = "(not measured with this version yet)\n"
PAGES = ("README.md", "docs/comparison.md")
_QUOTE = re.compile(
    r"(<!-- (?P<name>[\w-]+): begin, from (?P<file>[\w/.]+) -->\n)"
    r"(?P<table>.*?)(<!-- (?P=name): end -->)",
    re.DOTALL,
)
_TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)


def wanted(name: str, file: str) -> str:
    """Give the table that a quote must show.

    Raises:
        LookupError: The file has no such table.
    """
    text = (ROOT / file).read_text("utf-8")
    part = re.search(rf"<!-- {name}: begin -->(.*?)<!-- {name}: end -->", text, re.DOTALL)
    table = _TABLE.search(part[1] if part else text)
    if table is None and part is None:
        raise LookupError(f"{file} has no table {name!r}")
    return f"\n{table[0] if table else UNMEASURED}\n"


def quoted(page: str) -> str:
    """Give the text of a page with every table as it should be."""
    text = (ROOT / page).read_text("utf-8")
    return _QUOTE.sub(
        lambda found: f"{found[1]}{wanted(found['name'], found['file'])}{found[5]}", text
    )


if __name__ == "__main__":
    for page in PAGES:
        (ROOT / page).write_text(quoted(page), encoding="utf-8")
