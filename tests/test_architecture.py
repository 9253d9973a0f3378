"""ARCHITECTURE.md names what is there, and all of it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "chatadapters"
PAGE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
NAMED = set(re.findall(r"`([\w./]+(?:\.py|/))`", PAGE))


def test_every_file_and_folder_that_is_named_exists() -> None:
    """A name on the page is one in the package, in its backends, or beside it."""
    homes = (PACKAGE, PACKAGE / "backends", ROOT)
    assert {name for name in NAMED if not any((home / name).exists() for home in homes)} == set()


def test_every_file_and_folder_is_named() -> None:
    """A new module or folder of the package has its line on the page: say its one idea there."""
    files = {path.name for path in PACKAGE.glob("*.py")}
    folders = {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    backends = {path.name for path in (PACKAGE / "backends").glob("[!_]*.py")}
    assert (files | folders | backends) - NAMED == set()


def test_every_module_says_its_one_idea() -> None:
    """The first line of a module is a sentence about it."""
    for path in PACKAGE.rglob("*.py"):
        first = path.read_text("utf-8").partition("\n")[0]
        assert not first or re.match(r'r?"""\S.{15,}', first), path.name
