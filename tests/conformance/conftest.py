"""Tests against corpora that others wrote; collected only where the corpora are."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("CHATADAPTERS_CORPORA") else ["test_*.py"]
