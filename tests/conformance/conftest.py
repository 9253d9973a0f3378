"""Tests against corpora that others wrote; collected only where the corpora are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .corpora import COUNTS

if TYPE_CHECKING:
    import pytest

collect_ignore_glob = [] if os.environ.get("CHATADAPTERS_CORPORA") else ["test_*.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show how the comparisons with Jinja came out."""
    if COUNTS:
        shown = ", ".join(f"{count} {what}" for what, count in sorted(COUNTS.items()))
        terminalreporter.write_line(f"Jinja chat templates: {shown}")
