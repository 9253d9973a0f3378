"""Many users on one event loop: who keeps up with the server's own clock?

Each token of a stream is a packet of its own. The server notes when each stream began; a client
notes when each text came. Late is what came after it was due on the server's clock.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from statistics import quantiles
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.request import urlopen

from benchmarks import wires
from benchmarks.clients import BARE, CLIENTS, LIBRARIES, LOOP, OURS
from benchmarks.crew import crew
from benchmarks.tables import bold, number, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.clients import Client


class Load(NamedTuple):
    """How many streams at once, and how many tokens a second each has."""

    users: int
    rate: int


SIZES = {
    "full": {"seconds": 10, "loads": [Load(100, 20), Load(1000, 4), Load(1000, 20)]},
    "short": {"seconds": 10, "loads": [Load(100, 20), Load(1000, 4), Load(1000, 20)]},
    "quick": {"seconds": 1, "loads": [Load(20, 20)]},
}
# The least that is left of the SDK: its requests on the fastest HTTP library, and no objects.
RAW = ("aiohttp", "openai on aiohttp, raw bytes")
ON_UVLOOP = [
    replace(each, label=f"{each.label}, on uvloop", uvloop=True)
    for each in CLIENTS
    if each.label in (BARE, OURS, LOOP)
]
ASKED = [*CLIENTS, *(each for each in LIBRARIES if each.label in RAW), *ON_UVLOOP]
OTHERS = ("huggingface_predict", "langchain_predict", "aisuite")  # as the ones they stand on
# With more tokens a second these need minutes, which says no more than the row above.
MOST = {"litellm": 2000, "any-llm": 2000, "huggingface_hub": 10_000, "langchain-openai": 10_000}


def measure(url: str, size: dict[str, Any], clients: Sequence[Client] = ASKED) -> dict[str, Any]:
    """Run each client under every load, each time in a process of its own."""
    chosen = [c for c in clients if c.is_async and c.wire == "chat" and c.label not in OTHERS]
    rows = [
        _measured(url, client, load, load.rate * size["seconds"])
        for load in size["loads"]
        for client in chosen
        if load.users * load.rate <= MOST.get(client.label, load.users * load.rate)
    ]
    return {"size": size, "rows": rows}


def _measured(url: str, client: Client, load: Load, tokens: int) -> dict[str, Any]:
    with crew([client]) as (worker,):
        worker.do("read", url=f"{url}/chat/@1000/2")
        path = f"{url}/chat/@{load.rate}/{tokens}"
        worker.do("users", url=path, number=2)  # makes the client of this address
        _schedule(url)
        told = worker.do("users", url=path, number=load.users)
    began, came = _schedule(url), told["came"]
    whole = {name: notes for name, notes in came.items() if _is_whole(notes, tokens)}
    late = [
        (when, when - began[name] - (length // wires.SIZE - 1) / load.rate)
        for name, notes in whole.items()
        for when, length in notes
    ]
    begun = max((notes[0][0] for notes in whole.values()), default=0.0)
    sys.stderr.write(f"users: {client.label} {load.users} done\n")
    return {
        "client": client.label,
        "ours": client.ours,
        **load._asdict(),
        "cpu_s": told["cpu"],
        "wall_s": told["wall"],
        "begun_s": begun - min(began.values()) if whole else None,
        "late_p50_ms": _percentile([each for _, each in late], 50),
        "late_p99_ms": _percentile([each for _, each in late], 99),
        "begun_p99_ms": _percentile([each for when, each in late if when > begun], 99),
        "lost": len(came) - len(whole),
        "peak_mib": told["peak"],
    }


def _is_whole(notes: list[tuple[float, int]], tokens: int) -> bool:
    return bool(notes) and notes[-1][1] == tokens * wires.SIZE


def _percentile(late: list[float], percent: int) -> float | None:
    return 1e3 * quantiles(late, n=100)[percent - 1] if len(late) > 1 else None


def _schedule(url: str) -> dict[str, float]:
    with urlopen(f"{url}/schedule") as answer:
        return json.load(answer)


def tables(found: dict[str, Any]) -> str:
    """Write a row for each load and client."""
    late = ("late: half of the texts, ms", "99 %, ms", "99 % once all had begun, ms")
    head = [
        "client",
        "users",
        "tokens a second",
        "CPU, s",
        "done after, s",
        "all had begun after, s",
    ]
    head += [*late, "lost", "peak memory, MiB"]
    lines = [
        [
            bold(row["client"], row["ours"]),
            f"{row['users']:,}",
            row["rate"],
            number(row["cpu_s"]),
            number(row["wall_s"]),
            number(row["begun_s"]),
            number(row["late_p50_ms"]),
            number(row["late_p99_ms"]),
            number(row["begun_p99_ms"]),
            row["lost"],
            number(row["peak_mib"]),
        ]
        for row in found["rows"]
    ]
    source = f"Each stream takes {found['size']['seconds']} s at the server, less one token."
    return f"{table(head, lines)}\n\n{source}"
