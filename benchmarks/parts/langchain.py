"""What `langchain_predict` adds to the model's own `stream`: both in one process, by turns.

Two processes that run the same loop differ by a tenth or more; what is added is less.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.clients import CLIENTS
from benchmarks.crew import crew
from benchmarks.parts.streams import REGIMES
from benchmarks.tables import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.clients import Client

SIZES = {
    "full": {"tokens": 5000, "rounds": 25, "rate": 250, "paced": 400},
    "short": {"tokens": 2000, "rounds": 15, "rate": 250, "paced": 200},
    "quick": {"tokens": 300, "rounds": 2, "rate": 1000, "paced": 50},
}
OURS = [each for each in CLIENTS if each.label == "langchain_predict"]


def measure(url: str, size: dict[str, int], clients: Sequence[Client] = OURS) -> dict[str, Any]:
    """Measure the two by turns, sync and async."""
    paths = {
        "blocks": f"50/{size['tokens']}",
        "events": f"1/{size['tokens']}",
        "rate": f"@{size['rate']}/{size['paced']}",
    }
    rows: list[dict[str, Any]] = []
    for client in clients:
        theirs = "langchain_.chat_async" if client.is_async else "langchain_.chat"
        with crew([client]) as (worker,):
            for regime, path in paths.items():
                asked = {"other": theirs, "url": f"{url}/chat/{path}"}
                worker.do("beside", **asked, rounds=1)  # warms up
                pairs = worker.do("beside", **asked, rounds=size["rounds"])
                rows.append({"async": client.is_async, "regime": regime, "pairs": pairs})
    return {"size": size, "rows": rows}


def tables(found: dict[str, Any]) -> str:
    """Write a row for each regime, sync and async."""
    head = ["tokens come in", "", "more CPU: median of the rounds", "by the least of either"]
    lines = [
        [
            REGIMES[row["regime"]].format(**found["size"]),
            "async" if row["async"] else "sync",
            _more(median(ours / theirs for ours, theirs in row["pairs"])),
            _more(min(ours for ours, _ in row["pairs"]) / min(own for _, own in row["pairs"])),
        ]
        for row in found["rows"]
    ]
    return f"{table(head, lines)}\n\n{found['size']['rounds']} rounds each."


def _more(ratio: float) -> str:
    return f"{ratio - 1:+.1%}".replace("%", " %")
