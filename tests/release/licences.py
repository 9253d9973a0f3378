"""Print what installed packages declare as their licence: `python licences.py [NAME...]`."""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Any


def licence(name: str) -> str:
    """Give the licence that a package declares, in the words of its metadata."""
    told: Any = metadata.metadata(name)  # a message of `email`, which its type does not tell
    expression = told.get("License-Expression")
    if expression:
        return expression
    classifiers = told.get_all("Classifier") or []
    named = [text.split(" :: ")[-1] for text in classifiers if text.startswith("License ::")]
    return ", ".join(named) or (told.get("License") or "?").partition("\n")[0]


if __name__ == "__main__":
    names = sys.argv[1:] or sorted({found.name for found in metadata.distributions()})
    for name in names:
        print(f"{name}: {licence(name)}")
