"""Prompts in, answers out: files of JSON lines that a run which was killed can go on with.

A prompt is `{"key": "a1", "prompt": "..."}`, an answer `{"key": "a1", "text": "...", ...}`.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from chatadapters.ui import explain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from chatadapters import Predict

Row = dict[str, Any]


class Answer:
    """A predict that answers some rows at once; one that failed for good gives an error.

    Args:
        predict: Answers; it tries again by itself where that is safe.
        at_once: How many rows.
    """

    def __init__(self, predict: Predict, at_once: int) -> None:
        self.predict = predict
        self.threads = ThreadPoolExecutor(at_once)

    def __call__(self, rows: Sequence[Row]) -> list[Row]:
        """Answer rows."""
        return [*self.threads.map(self.one, rows)]

    def one(self, row: Row) -> Row:
        """Answer a row."""
        try:
            reply = self.predict.complete(row["prompt"])
        except Exception as error:  # any provider's own; the other rows go on
            return {"key": row["key"], "error": explain(error)}
        return {
            "key": row["key"],
            "text": reply.text,
            "finish_reason": reply.finish_reason,
            "attempts": reply.attempts,
        }


def left(prompts: Path, answers: Path) -> list[Row]:
    """Give the prompts that have no answer yet."""
    done = {row["key"] for row in _answers(answers)} if answers.exists() else set()
    rows = [
        json.loads(line)
        for line in prompts.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    if len({row["key"] for row in rows}) != len(rows):
        raise ValueError(f"{prompts}: two prompts have the same key")
    return [row for row in rows if row["key"] not in done]


def _answers(path: Path) -> list[Row]:
    """Read the lines; one that was cut off when a run was killed is taken away."""
    *lines, rest = path.read_bytes().split(b"\n")
    if rest:
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size - len(rest))
    return [json.loads(line) for line in lines if line.strip()]


def keep(results: Iterable[Row], answers: Path, count: int) -> int:
    """Write answers as they come, each at once, and tell how far it is; give how many failed."""
    failed = 0
    with answers.open("a", encoding="utf-8") as file:
        for number, row in enumerate(results, 1):
            if "error" in row:
                failed += 1
                sys.stderr.write(f"\n{row['key']}: {row['error']}\n")
            else:
                file.write(json.dumps(row) + "\n")
                file.flush()
            sys.stderr.write(f"\r{number} of {count} done, {failed} failed")
            sys.stderr.flush()
    sys.stderr.write("\n")
    return failed


def grouped(rows: Sequence[Row], size: int) -> list[list[Row]]:
    """Give the rows in groups of a size."""
    return [[*rows[at : at + size]] for at in range(0, len(rows), size)]
