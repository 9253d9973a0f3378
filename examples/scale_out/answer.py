"""A predict that answers some rows at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from chatadapters.ui import explain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rows import Row

    from chatadapters import Predict


class Answer:
    """Answers rows; one that failed for good gets an error.

    Args:
        predict: Answers; it tries again by itself where that is safe.
        at_once: How many rows.
    """

    def __init__(self, predict: Predict, at_once: int) -> None:
        self.predict = predict
        self.threads = ThreadPoolExecutor(at_once)

    def rows(self, rows: Sequence[Row]) -> list[Row]:
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
            "prompt": row["prompt"],
            "text": reply.text,
            "finish_reason": reply.finish_reason,
            "attempts": reply.attempts,
        }
