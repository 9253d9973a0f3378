"""Long replies and many threads: does a chunk cost the same when there are more of them?"""

from __future__ import annotations

import sys
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks import wires
from benchmarks.clients import BARE, CLIENTS, LOOP, OURS, Client
from benchmarks.crew import crew
from benchmarks.tables import bold, number, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SIZES = {
    "full": {"longest": 1_000_000, "usual": 100_000, "threads": 64, "tokens": 2000, "runs": 3},
    "short": {"longest": 1_000_000, "usual": 10_000, "threads": 64, "tokens": 500, "runs": 1},
    "quick": {"longest": 1000, "usual": 1000, "threads": 4, "tokens": 100, "runs": 1},
}
_IMPORT = "import chatadapters"
LONG = [
    Client(BARE, "openai", "bare.chat", "chat", ""),
    Client(f"{OURS}, predict", "openai", "ours.chat", "chat", _IMPORT, ours=True, growing=True),
    Client(f"{OURS}, aio", "openai", "ours.chat_async", "chat", _IMPORT, ours=True, growing=True),
    Client(f"{OURS}, deltas", "openai", "ours.deltas", "chat", _IMPORT, ours=True),
    Client(f"{OURS}, complete", "openai", "ours.complete", "chat", _IMPORT, ours=True),
    Client("openai, the growing loop", "openai", "openai_sdk.chat", "chat", ""),
]


def measure(url: str, size: dict[str, int], clients: Sequence[Client] = CLIENTS) -> dict[str, Any]:
    """Read ever longer replies, each in a process of its own, then many at once in threads."""
    pins = {client.function: client.pins for client in clients}
    long = [replace(each, pins=pins.get(each.function, each.pins)) for each in LONG]
    rows = [_long(url, each, size) for each in long if each.function in pins or each.ours]
    return {"size": size, "rows": rows, "threads": [*_threads(url, size, clients)]}


def _long(url: str, client: Client, size: dict[str, int]) -> dict[str, Any]:
    longest = size["longest"] if client.ours or client.label == BARE else size["usual"]
    costs, peaks, tokens = {}, {}, 1000
    while tokens <= longest:
        with crew([client]) as (worker,):
            grow = {"grow": True} if client.function == "openai_sdk.chat" else {}
            worker.do("read", url=f"{url}/chat/50/100", **grow)
            path, before = f"{url}/chat/50/{tokens}", worker.do("peak")
            told = [worker.do("read", url=path, **grow) for _ in range(size["runs"])]
            assert all(each["size"] == tokens * wires.SIZE for each in told), told
            costs[tokens] = median(each["cpu"] for each in told)
            peaks[tokens] = worker.do("peak") - before
        tokens *= 10
    sys.stderr.write(f"length: {client.label} done\n")
    return {"client": client.label, "ours": client.ours, "cpu_s": costs, "peak_mib": peaks}


def _threads(url: str, size: dict[str, int], clients: Sequence[Client]) -> Iterable[dict[str, Any]]:
    labels = (OURS, LOOP, "huggingface_hub", "any-llm", "langchain-openai")
    clients = [c for c in clients if c.label in labels and c.wire == "chat" and not c.is_async]
    size_of_all = size["threads"] * size["tokens"] * wires.SIZE
    with crew(clients) as workers:
        for worker, client in zip(workers, clients, strict=True):
            path = f"{url}/chat/50/{size['tokens']}"
            told = worker.do("threads", url=path, number=size["threads"])
            assert told["size"] == size_of_all, told
            yield {
                "client": client.label,
                "ours": client.ours,
                "cpu_s": told["cpu"],
                "wall_s": told["wall"],
            }


def tables(found: dict[str, Any]) -> str:
    """Write both tables."""
    lengths = [*found["rows"][0]["cpu_s"]]
    head = ["CPU for each chunk, us", *(f"{int(each):,} chunks" for each in lengths)]
    lines = [_line(row, lengths) for row in found["rows"]]
    more = ["client", "CPU, s", "by the clock, s"]
    rows = [
        [bold(row["client"], row["ours"]), number(row["cpu_s"]), number(row["wall_s"])]
        for row in found["threads"]
    ]
    size = found["size"]
    text = number(int(lengths[-1]) * wires.SIZE / 2**20)
    memory = [
        [bold(row["client"], row["ours"]), *(number(row["peak_mib"].get(each)) for each in lengths)]
        for row in found["rows"]
    ]
    return "\n\n".join(
        (
            table(head, lines),
            f"The most memory above what the process had before; the longest text is {text} MiB:",
            table(["MiB", *head[1:]], memory),
            f"{size['threads']} threads on one client, {size['tokens']:,} chunks each:",
            table(more, rows),
        )
    )


def _line(row: dict[str, Any], lengths: list[str]) -> list[str]:
    costs = row["cpu_s"]
    cells = (costs[each] / int(each) * 1e6 if each in costs else None for each in lengths)
    return [bold(row["client"], row["ours"]), *(number(each) for each in cells)]
