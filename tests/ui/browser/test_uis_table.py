"""The table in the docs says what the tests before this one found."""

from __future__ import annotations

import json

import pytest

from tests.ui.browser import table

pytestmark = pytest.mark.browser


def test_the_docs_say_what_was_found() -> None:
    """Each cell in docs/uis.md is what a test found in this UI's newest run."""
    found = json.loads(table.FOUND.read_text())
    assert table.in_docs() == table.rendered(found), "run python -m tests.ui.browser.table"


def test_a_part_of_a_run_is_no_table() -> None:
    """Written from it, the table would lose the other rows."""
    whole = {
        line.split("|")[1].strip(): dict.fromkeys(table.COLUMNS, "yes")
        for line in table.in_docs().splitlines()[2:]
    }
    assert table.unseen(whole) == []
    del whole["Panel"]["stop"], whole["marimo"]
    assert table.unseen(whole) == ["Panel", "marimo"]
