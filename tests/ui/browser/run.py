"""One environment for each chat UI: `python -m tests.ui.browser.run [NAME ...]` makes them."""

from __future__ import annotations

import sys
from pathlib import Path

from tests import environments
from tests.environments import ROOT

__all__ = ["PINS", "ROOT", "environment"]
PINS = Path(__file__).parent / "pins"


def environment(name: str) -> Path:
    """Give the folder of a UI's environment, made if it is not there yet."""
    return environments.environment(PINS / f"{name}.txt")


if __name__ == "__main__":
    names = sys.argv[1:] or sorted(pins.stem for pins in PINS.glob("*.txt"))
    for environment_name in names:
        sys.stdout.write(f"{environment(environment_name)}\n")
