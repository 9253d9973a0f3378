"""The command line that both batch examples have."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chatadapters import make_predict

if TYPE_CHECKING:
    from chatadapters import Predict


@dataclass(frozen=True)
class Options:
    """What is answered by what, and where the answers go."""

    prompts: Path
    answers: Path
    predict: Predict
    workers: int
    at_once: int


def read(description: str | None) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("prompts", type=Path, help="JSON lines with key and prompt")
    parser.add_argument("answers", type=Path, help="JSON lines, made or gone on with")
    parser.add_argument("--backend", default="local:smollm2", help="such as openai:gpt-4o-mini")
    parser.add_argument("--base-url", help="the server of a backend that has one")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--at-once", type=int, default=8, help="rows at once in each (default: 8)")
    given = parser.parse_args()
    server = {"base_url": given.base_url} if given.base_url else {}
    predict = make_predict(given.backend, temperature=0, max_tokens=64, **server)
    return Options(given.prompts, given.answers, predict, given.workers, given.at_once)
