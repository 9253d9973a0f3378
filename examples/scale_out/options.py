"""The command line that both batch examples have."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatadapters import ChatAdaptersError, make_predict

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
    add = parser.add_argument
    add("prompts", type=Path, help="JSON lines with key and prompt")
    add("answers", type=Path, help="JSON lines, made or gone on with")
    add("--backend", default="local:smollm2", help="such as openai:gpt-4o-mini")
    add("--base-url", help="the server of a backend that has one")
    add("--temperature", type=float, help="0 for always the likeliest word")
    add("--max-tokens", type=int, help="the longest answer")
    add("--workers", type=_count, default=2, help="processes (default: 2)")
    add("--at-once", type=_count, default=8, help="rows at once in each (default: 8)")
    given = parser.parse_args()
    names = ("base_url", "temperature", "max_tokens")
    options: dict[str, Any] = {n: v for n in names if (v := getattr(given, n)) is not None}
    try:
        predict = make_predict(given.backend, **options)
    except ChatAdaptersError as error:
        parser.error(str(error))
    return Options(given.prompts, given.answers, predict, given.workers, given.at_once)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: give a number from 1")
    return int(text)
