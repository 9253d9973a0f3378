"""What `langchain_predict` adds to the model's own `stream`, in instructions of the processor.

Here time cannot tell it: the same loop differs by more from one run to the next.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any

from benchmarks import beside_langchain
from benchmarks.crew import environ, python
from benchmarks.parts.streams import REGIMES
from benchmarks.tables import table

SIZES = {"full": {"tokens": 1000}, "short": {"tokens": 300}, "quick": {"tokens": 50}}


def measure(url: str, size: dict[str, int]) -> dict[str, Any]:
    """Count both, sync and async."""
    asked = [python("langchain"), beside_langchain.__file__, url, str(size["tokens"])]
    done = subprocess.run(asked, env=environ(), stdout=subprocess.PIPE, check=True)
    return {"size": size, "rows": json.loads(done.stdout)}


def tables(found: dict[str, Any]) -> str:
    """Write a row for each regime, sync and async."""
    head = ["", "", "langchain-openai", "**langchain_predict**", "more"]
    counts = {
        (row["frame"], row["is_async"], row["ours"]): row["instructions"] for row in found["rows"]
    }
    lines = []
    for frame, is_async, ours in counts:
        if ours:
            own, all_of_it = (counts[frame, is_async, kind] for kind in (False, True))
            both = [f"{each:,.0f}" for each in (own, all_of_it)]
            more = f"{all_of_it / own - 1:+.1%}".replace("%", " %")
            lines.append([REGIMES[frame], "async" if is_async else "sync", *both, more])
    return table(head, lines)
