"""What `benchmarks/growth.py` counts is the work that it says."""

from __future__ import annotations

import pytest

from benchmarks.growth import PATHS


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("count", [4, 400])
def test_a_path(name: str, count: int) -> None:
    """Each holds its own result, whatever its size."""
    PATHS[name](count)
