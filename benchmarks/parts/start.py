"""What it costs to begin: the import, the first message of a process, the next one, the payload."""

from __future__ import annotations

import subprocess
import sys
import time
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.clients import CLIENTS
from benchmarks.crew import crew, environ, python
from benchmarks.tables import bold, number, table
from tests.environments import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.clients import Client

SIZES = {
    "full": {"runs": 5, "starts": 20, "replies": 30},
    "short": {"runs": 2, "starts": 20, "replies": 10},
    "quick": {"runs": 1, "starts": 1, "replies": 2},
}
ALONE, FACTORY, THEIRS = SHORT = (
    "import chatadapters",
    "from chatadapters import openai_predict",
    "import dataclasses, re, typing",
)
ONCE = """
import importlib
made = importlib.import_module("benchmarks.clients.{module}").{name}("{url}")
for text in made("Hi"):
    break
"""
BUILD = """
from time import perf_counter, process_time
from chatadapters import openai_predict
began = process_time()
openai_predict("m")
first = process_time() - began
began = process_time()
predict = openai_predict("m", base_url="http://127.0.0.1:1/v1", api_key="none", system="S")
made = process_time() - began
history = [dict(role=role, content="x" * 290) for role in ("user", "assistant")] * 50
predict.build("Hi", history)
times = []
for _ in range(200):
    began = perf_counter()
    predict.build("Hi", history)
    times.append(perf_counter() - began)
print(first * 1e3, made * 1e3, sorted(times)[100] * 1e6)
"""


def measure(url: str, size: dict[str, int], clients: Sequence[Client] = CLIENTS) -> dict[str, Any]:
    """Start processes in turn, several times."""
    chosen = [each for each in clients if not each.is_async and each.function != "ours.events"]
    clients = [each for each in chosen if each.wire != "padded"]  # they begin as those of chats do
    bare, short, rows = (
        [],
        {code: [] for code in SHORT},
        [{"client": c.label, "wire": c.wire, "ours": c.ours} for c in clients],
    )
    imports: list[list[float]] = [[] for _ in clients]
    once: list[list[tuple[float, float]]] = [[] for _ in clients]
    for client in clients:  # the first process of an environment compiles what it imports
        _process(python(client.pins), _once(client, url))
    for _ in range(size["runs"]):
        for _ in range(size["starts"]):  # what lies between the two is a small part of either
            bare.append(_process(python(clients[0].pins), "pass"))
            for code, seen in short.items():
                seen.append(_process(python(clients[0].pins), code)[0])
        for at, client in enumerate(clients):
            imports[at].append(_process(python(client.pins), client.imports)[0])
            once[at].append(_process(python(client.pins), _once(client, url)))
    nothing = [median(each[kind] for each in bare) for kind in (0, 1)]
    for row, imported, first in zip(rows, imports, once, strict=True):
        row["import_ms"] = median(imported) - nothing[0]
        row["cold_cpu_ms"] = median(each[0] for each in first) - nothing[0]
        row["cold_ms"] = median(each[1] for each in first) - nothing[1]
    with crew(clients) as workers:
        for worker in workers:
            worker.do("read", url=f"{url}/{worker.client.wire}/1/20", times=3)
        firsts: list[list[float]] = [[] for _ in clients]
        for _ in range(size["runs"]):
            for worker, seen in zip(workers, firsts, strict=True):
                path = f"{url}/{worker.client.wire}/1/20"
                seen.append(1e3 * worker.do("read", url=path, times=size["replies"])["first"])
        for row, seen, worker in zip(rows, firsts, workers, strict=True):
            row["first_ms"], row["peak_mib"] = median(seen), worker.do("peak")
    sys.stderr.write("start: done\n")
    return {
        "rows": rows,
        "bare_ms": nothing,
        "short_ms": {code: median(seen) - nothing[0] for code, seen in short.items()},
        "build": _build(python(clients[0].pins), size["runs"]),
    }


def _once(client: Client, url: str) -> str:
    module, name = client.function.split(".")
    return ONCE.format(module=module, name=name, url=f"{url}/{client.wire}/1/20")


def _process(interpreter: str, code: str) -> tuple[float, float]:
    """Give the milliseconds of CPU and by the clock that a process takes."""
    before, began = getrusage(RUSAGE_CHILDREN), time.perf_counter()
    command = [interpreter, "-c", code]
    subprocess.run(command, check=True, env=environ(), cwd=ROOT, capture_output=True)
    took, after = time.perf_counter() - began, getrusage(RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * used, 1000 * took


def _build(interpreter: str, runs: int) -> dict[str, float]:
    """Give what making a predict and building a payload take."""
    command = [interpreter, "-c", BUILD]
    told = [
        subprocess.run(command, check=True, env=environ(), cwd=ROOT, capture_output=True).stdout
        for _ in range(runs)
    ]
    first, made, built = zip(*(map(float, each.split()) for each in told), strict=True)
    return {"first_ms": median(first), "make_ms": median(made), "build_us": median(built)}


def tables(found: dict[str, Any]) -> str:
    """Write what is above a bare Python."""
    head = [
        "client",
        "import, CPU ms",
        "first message of a process, CPU ms",
        "by the clock, ms",
        "first text after that, ms",
        "peak memory, MiB",
    ]
    keys = ("import_ms", "cold_cpu_ms", "cold_ms", "first_ms", "peak_mib")
    lines = []
    for row in found["rows"]:
        name = bold(row["client"], row["ours"]) + (
            "" if row["wire"] == "chat" else f" ({row['wire']})"
        )
        lines.append([name, *(number(row[key]) for key in keys)])
    build = found["build"]
    alone, factory, theirs = (_milliseconds(found["short_ms"][code]) for code in SHORT)
    return (
        f"{table(head, lines)}\n\n`{ALONE}` takes {alone} of CPU, because a factory is loaded when "
        f"it is asked for; `{FACTORY}` takes {factory}, most of it for modules of Python "
        f"that few apps lack (`{THEIRS}`: {theirs}). Making the first predict takes "
        f"{number(build['first_ms'])} ms, the next {number(build['make_ms'])} ms; building the "
        f"payload of 102 messages (29 kB) {number(build['build_us'])} us."
    )


def _milliseconds(taken: float) -> str:
    return f"{number(taken)} ms" if taken >= 1 else "less than 1 ms"
