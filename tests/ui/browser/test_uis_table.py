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
