"""Many users on one event loop: who keeps up with the server's own clock?

Each stream is 20 tokens a second with a packet for each token. The server notes when each began;
a client notes when each text came. Late is what came after it was due on the server's clock.
"""

from __future__ import annotations

import json
import sys
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

from benchmarks import wires
from benchmarks.clients import CLIENTS
from benchmarks.crew import crew
from benchmarks.tables import bold, number, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.clients import Client

RATE = 20
SIZES = {
    "full": {"users": [100, 1000], "tokens": 200},
    "short": {"users": [100, 500], "tokens": 100},
    "quick": {"users": [20], "tokens": 20},
}
OTHERS = ("huggingface_predict", "langchain_predict", "aisuite")  # as the ones they stand on
# With more users these need minutes, which says no more than the row above.
MOST = {"litellm": 100, "any-llm": 100}


def measure(url: str, size: dict[str, Any], clients: Sequence[Client] = CLIENTS) -> dict[str, Any]:
    """Run each client with ever more users, each time in a process of its own."""
    chosen = [c for c in clients if c.is_async and c.wire == "chat" and c.label not in OTHERS]
    rows = [
        _measured(url, client, users, size["tokens"])
        for client in chosen
        for users in size["users"]
        if users <= MOST.get(client.label, users)
    ]
    return {"size": size, "rows": rows}


def _measured(url: str, client: Client, users: int, tokens: int) -> dict[str, Any]:
    with crew([client]) as (worker,):
        worker.do("read", url=f"{url}/chat/@1000/2")
        path = f"{url}/chat/@{RATE}/{tokens}"
        worker.do("users", url=path, number=2)  # makes the client of this address
        _schedule(url)
        told = worker.do("users", url=path, number=users)
    began, came = _schedule(url), told["came"]
    late, last, lost = [], [], 0
    for name, notes in came.items():
        if not notes or notes[-1][1] != tokens * wires.SIZE:
            lost += 1
            continue
        for when, length in notes:
            late.append(when - began[name] - (length // wires.SIZE - 1) / RATE)
        last.append(notes[-1][0])
    start = min(began.values())
    sys.stderr.write(f"users: {client.label} {users} done\n")
    return {
        "client": client.label,
        "ours": client.ours,
        "users": users,
        "cpu_s": told["cpu"],
        "wall_s": told["wall"],
        "late_s": median(last) - start - (tokens - 1) / RATE if last else None,
        "late_p50_ms": 1e3 * median(late) if late else None,
        "late_p99_ms": 1e3 * quantiles(late, n=100)[98] if late else None,
        "lost": lost,
        "peak_mib": told["peak"],
    }


def _schedule(url: str) -> dict[str, float]:
    with urlopen(f"{url}/schedule") as answer:
        return json.load(answer)


def tables(found: dict[str, Any]) -> str:
    """Write a row for each client and number of users."""
    late = ("late: half of the texts, ms", "99 %, ms")
    head = ["client", "users", "CPU, s", "done after, s", *late, "lost", "peak memory, MiB"]
    lines = [
        [
            bold(row["client"], row["ours"]),
            f"{row['users']:,}",
            number(row["cpu_s"]),
            number(row["wall_s"]),
            number(row["late_p50_ms"]),
            number(row["late_p99_ms"]),
            row["lost"],
            number(row["peak_mib"]),
        ]
        for row in sorted(found["rows"], key=lambda row: row["users"])
    ]
    tokens = found["size"]["tokens"]
    source = f"Each stream has {tokens} tokens and takes {(tokens - 1) / RATE:.1f} s at the server."
    return f"{table(head, lines)}\n\n{source}"
