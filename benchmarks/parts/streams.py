"""What a chunk of a stream costs: CPU, by the clock, and until the first text.

Three regimes, which say different things and are never mixed: `blocks`, where a reply comes in one
burst with 50 events in each HTTP chunk, as behind a buffering proxy; `events`, a burst with one
HTTP chunk for each event, as most servers frame them; `rate`, one token at a time, so that each
read of the socket gets one. In the first two the client is the limit, in the third the server.
"""

from __future__ import annotations

import sys
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks import wires
from benchmarks.clients import CLIENTS, LOOP
from benchmarks.crew import crew
from benchmarks.tables import bold, number, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.clients import Client
    from benchmarks.crew import Worker

SIZES = {
    "full": {"tokens": 5000, "rounds": 5, "rate": 250, "paced": 400, "rate_rounds": 9},
    "short": {"tokens": 2000, "rounds": 3, "rate": 250, "paced": 200, "rate_rounds": 9},
    "quick": {"tokens": 300, "rounds": 1, "rate": 1000, "paced": 50, "rate_rounds": 1},
}
REGIMES = {
    "blocks": "bursts, 50 events in an HTTP chunk",
    "events": "bursts, one HTTP chunk for each event",
    "rate": "one token in each read, {rate} a second",
}
WIRES = {
    "chat": "OpenAI's chat wire",
    "padded": "OpenAI's chat wire, each event padded",
    "responses": "OpenAI's Responses wire",
    "completions": "Raw completions",
    "tgi": "Text Generation Inference's wire",
}
FEWER = {"litellm": 5}  # so many times fewer tokens, because it is so slow
LOOPS = {"tgi": "text-generation"}  # what a wire's ratios are against; else openai's loop


def measure(url: str, size: dict[str, int], clients: Sequence[Client] = CLIENTS) -> dict[str, Any]:
    """Measure the clients of each wire in turn, several times."""
    rows: list[dict[str, Any]] = []
    for wire in WIRES:
        for is_async in (False, True):
            group = [each for each in clients if (each.wire, each.is_async) == (wire, is_async)]
            if group:
                with crew(group) as workers:
                    rows += _measured(url, wire, workers, size)
    return {"size": size, "rows": rows}


def _measured(
    url: str, wire: str, workers: list[Worker], size: dict[str, int]
) -> Iterable[dict[str, Any]]:
    regimes = {
        "blocks": ("50", size["tokens"], size["rounds"]),
        "events": ("1", size["tokens"], size["rounds"]),
        # What a process takes that mostly waits differs more from one run to the next.
        "rate": (f"@{size['rate']}", size["paced"], size["rate_rounds"]),
    }
    for regime, (pace, most, rounds) in regimes.items():
        if regime == "rate" and wire != "chat":
            continue  # the wire makes no difference there: the transport does
        runs: list[list[dict[str, float]]] = [[] for _ in workers]
        for number_of_run in range(rounds + 1):
            for worker, seen in zip(workers, runs, strict=True):
                tokens = most // FEWER.get(worker.client.label, 1)
                told = worker.do("read", url=f"{url}/{wire}/{pace}/{tokens}")
                if told["size"] != tokens * wires.SIZE:
                    raise RuntimeError(f"{worker.client} lost text: {told}")
                if number_of_run:  # the first one warms up
                    seen.append(told)
        for worker, seen in zip(workers, runs, strict=True):
            yield _row(worker, regime, most // FEWER.get(worker.client.label, 1), seen)
        sys.stderr.write(f"streams: {wire} {regime} done\n")


def _row(worker: Worker, regime: str, tokens: int, runs: list[dict[str, float]]) -> dict[str, Any]:
    client = worker.client
    return {
        "client": client.label,
        "wire": client.wire,
        "async": client.is_async,
        "ours": client.ours,
        "regime": regime,
        "cpu_us": [1e6 * run["cpu"] / tokens for run in runs],
        "wall_us": [1e6 * run["wall"] / tokens for run in runs],
        "first_ms": [1e3 * run["first"] for run in runs],
        "peak_mib": worker.do("peak"),
    }


def tables(found: dict[str, Any]) -> str:
    """Write one table of all clients on OpenAI's chat wire, then one for each wire and regime."""
    parts = [_summary([row for row in found["rows"] if row["wire"] == "chat" and not row["async"]])]
    for wire, title in WIRES.items():
        for regime, words in REGIMES.items():
            rows = [r for r in found["rows"] if (r["wire"], r["regime"]) == (wire, regime)]
            if rows:
                parts.append(f"### {title}: {words.format(**found['size'])}")
                parts.append(_table(rows))
    return "\n\n".join(parts)


def _summary(rows: list[dict[str, Any]]) -> str:
    """Write the sync clients of a wire, each regime in columns of its own."""
    titles = ("50 events in an HTTP chunk", "one event in each", "one token in each read")
    head = ["CPU for each chunk, us", *(cell for title in titles for cell in (title, "times less"))]
    regimes = [[row for row in rows if row["regime"] == regime] for regime in REGIMES]
    lines = []
    for same in zip(*regimes, strict=True):
        cells = [bold(same[0]["client"], same[0]["ours"])]
        for row, of in zip(same, regimes, strict=True):
            cells += [number(median(row["cpu_us"])), number(ratio(of, row, LOOP))]
        lines.append(cells)
    return table(head, lines)


def _table(rows: list[dict[str, Any]]) -> str:
    loop = LOOPS.get(rows[0]["wire"], LOOP)
    rated = rows[0]["regime"] == "rate"
    head = ["client", "CPU, us", "times less", "async CPU, us", "times less"]
    head += ["first text, ms", "async"] if rated else ["by the clock, us", "async"]
    lines = []
    for client in dict.fromkeys(row["client"] for row in rows):
        of = [row for row in rows if row["client"] == client]
        pair = [next((r for r in of if r["async"] is kind), None) for kind in (False, True)]
        cells = [bold(client, of[0]["ours"])]
        for each in pair:
            cells.append(number(each and median(each["cpu_us"])))
            cells.append(number(each and ratio(rows, each, loop)))
        last = "first_ms" if rated else "wall_us"
        lines.append([*cells, *(number(each and median(each[last])) for each in pair)])
    return table(head, lines)


def ratio(rows: list[dict[str, Any]], row: dict[str, Any], loop: str) -> float | None:
    """Give how many times less CPU than the usual loop, the median of the runs side by side."""
    for other in rows:
        if (other["client"], other["async"]) == (loop, row["async"]):
            pairs = zip(other["cpu_us"], row["cpu_us"], strict=True)
            return median(theirs / ours for theirs, ours in pairs)
    return None
