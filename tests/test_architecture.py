"""ARCHITECTURE.md names what is there, and all of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "chatadapters"
PAGE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
#: What the page names under each heading; one that is a folder's is about what is in it.
NAMED = {
    heading.strip(" `"): set(re.findall(r"`([\w./]+(?:\.py|/))`", text))
    for heading, _, text in (part.partition("\n") for part in re.split(r"(?m)^#+ ", PAGE))
}
ROOMS = [heading for heading in NAMED if heading.endswith("/")]


def test_every_file_and_folder_that_is_named_exists() -> None:
    """A name on the page is one in the package or beside it; below a folder's, one in that."""
    for heading, names in NAMED.items():
        homes = (PACKAGE / heading,) if heading in ROOMS else (PACKAGE, ROOT)
        assert {n for n in names if not any((home / n).exists() for home in homes)} == set()


def test_every_file_and_folder_is_named() -> None:
    """A new module or folder of the package has its line on the page: say its one idea there."""
    files = {path.name for path in PACKAGE.glob("*.py")}
    folders = {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    assert files | folders <= set(ROOMS).union(*NAMED.values())


@pytest.mark.parametrize("room", ROOMS)
def test_every_file_of_a_room_is_named_there(room: str) -> None:
    """Who looks for an idea in one of the large folders finds its file on the page."""
    files = {path.name for path in (PACKAGE / room).glob("*.py")} - {"__init__.py"}
    assert files - NAMED[room] == set()


def test_every_module_says_its_one_idea() -> None:
    """The first line of a module is a sentence about it."""
    for path in PACKAGE.rglob("*.py"):
        first = path.read_text("utf-8").partition("\n")[0]
        assert not first or re.match(r'r?"""\S.{15,}', first), path.name
