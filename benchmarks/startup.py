"""What it costs to begin: importing, making a predict, building a payload, the first text.

Run it with `python benchmarks/startup.py`; it needs the extra `openai`. CPU of an import is that of
a whole process, less a process that imports nothing; medians of several runs in turn.
"""

from __future__ import annotations

import subprocess
import sys
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import openai

from chatadapters import openai_predict
from chatadapters.testing.faults import FaultServer

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 15
IMPORTS = {
    "nothing": "pass",
    "chatadapters": "import chatadapters",
    "a predict, made": "from chatadapters import openai_predict; openai_predict('m')",
    "openai": "import openai",
}


def cpu(code: str) -> float:
    """Give the milliseconds of CPU that a process takes to run some code."""
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True)
    after = getrusage(RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def first_text(begin: Callable[[], object]) -> float:
    """Give the milliseconds until the first text, by the clock."""
    began = perf_counter()
    begin()
    return 1000 * (perf_counter() - began)


def main() -> None:
    """Measure and print."""
    taken: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for _ in range(RUNS):
        for name, code in IMPORTS.items():
            taken[name].append(cpu(code))
    bare = median(taken.pop("nothing"))
    print(f"CPU above a bare Python ({bare:.0f} ms), median of {RUNS}")
    for name, times in taken.items():
        print(f"  import {name:<18} {median(times) - bare:7.1f} ms")

    predict = openai_predict("m", base_url="http://127.0.0.1:1/v1", api_key="none", system="S")
    history = [{"role": role, "content": "x" * 290} for role in ("user", "assistant")] * 50
    predict.build("Hi", history)
    began = process_time()
    for _ in range(200):
        predict.build("Hi", history)
    print(f"build of 102 messages: {(process_time() - began) / 200 * 1e6:.0f} us of CPU")

    with FaultServer() as server:
        url = server.url("ok")
        ours = openai_predict("m", base_url=url, api_key="none")
        client = openai.OpenAI(base_url=url, api_key="none")
        ask = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}

        def sdk() -> None:
            stream = client.chat.completions.create(**ask)
            next(chunk for chunk in stream if chunk.choices and chunk.choices[0].delta.content)
            stream.close()

        def predicted() -> None:
            values = ours("Hi")
            next(values)
            values.close()

        sdk(), predicted()
        pairs = [(first_text(predicted), first_text(sdk)) for _ in range(50)]
        mine, theirs = (median(times) for times in zip(*pairs, strict=True))
        print(f"first text, warm: predict {mine:.1f} ms, the SDK's own loop {theirs:.1f} ms")
        ours.close()
        client.close()


if __name__ == "__main__":
    main()
