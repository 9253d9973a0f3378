"""The example of unit tests for prompts is itself run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples/prompts/test_prompt.py"


def test_the_example_passes(tmp_path: Path) -> None:
    """Its tests pass as a user runs them, without a network or a key."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir"]
    done = subprocess.run(
        [*command, str(tmp_path), "-c", os.devnull, str(EXAMPLE)],
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert "3 passed" in done.stdout, done.stdout + done.stderr
