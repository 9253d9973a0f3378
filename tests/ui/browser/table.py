"""The table of docs/uis.md: what the browser tests found; `python -m tests.ui.browser.table`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from tests.e2e.conftest import ARTIFACTS
from tests.ui.browser.run import PINS, ROOT

if TYPE_CHECKING:
    from typing import Protocol

    class Named(Protocol):
        title: str
        name: str


PAGE = ROOT / "docs" / "uis.md"
FOUND = ARTIFACTS / "uis.json"
COLUMNS = (
    "streaming",
    "history",
    "system prompt",
    "extra inputs",
    "stop",
    "files",
    "errors",
    "async",
)
BEGIN, END = "<!-- begin: what the browser tests found -->\n", "<!-- end -->\n"


def record(ui: Named, column: str, value: str) -> None:
    """Note what a test found."""
    assert column in COLUMNS
    found = json.loads(FOUND.read_text()) if FOUND.exists() else {}
    found.setdefault(ui.title, {"version": version(ui.name)})[column] = value
    FOUND.parent.mkdir(exist_ok=True)
    FOUND.write_text(json.dumps(found, indent=1))


def version(name: str) -> str:
    """Give the version of a UI that its environment has."""
    package = {"gradio5": "gradio", "jupyter": "ipywidgets", "open_webui": "open-webui"}
    pins = dict(line.split("==") for line in (PINS / f"{name}.txt").read_text().split())
    return pins["shinychat" if name == "shiny" else package.get(name, name)]


def rendered(found: dict[str, dict[str, str]]) -> str:
    """Give the table in Markdown; what no test found is a question mark."""
    names = ("version", *COLUMNS)
    lines = [["", *names], ["---"] * (len(names) + 1)]
    lines += [
        [ui, *(cells.get(name, "?") for name in names)] for ui, cells in sorted(found.items())
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def in_docs() -> str:
    """Give the table as the docs have it."""
    return PAGE.read_text().partition(BEGIN)[2].partition(END)[0]


def unseen(found: dict[str, dict[str, str]]) -> list[str]:
    """Name the UIs of the table in the docs that not all tests have used since."""
    rows = [line.split("|")[1].strip() for line in in_docs().splitlines()[2:]]
    return [ui for ui in rows if not {*COLUMNS} <= found.get(ui, {}).keys()]


if __name__ == "__main__":
    before, _, rest = PAGE.read_text().partition(BEGIN)
    everything = json.loads(FOUND.read_text()) if FOUND.exists() else {}
    if lacking := unseen(everything):
        sys.exit(f"run `pytest -m browser` whole first: it has not used {', '.join(lacking)}")
    table = rendered(everything)
    PAGE.write_text(before + BEGIN + table + END + rest.partition(END)[2])
    sys.stdout.write(table)
