"""Reads the same replies on one thread, on two and on 64: how far does the interpreter let them?

`python benchmarks/threads.py` needs nothing but `chatadapters[openai]`, so that it runs on a build
of Python without a GIL as well, where not every peer can be installed; there `PYTHON_GIL=1` shows
the same build with one.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter, process_time

sys.path.insert(0, str(Path(__file__).parent.parent))

THREADS = (1, 2, 64)
REPLIES = 64
RUNS = 3


def read(url: str, threads: int, replies: int = REPLIES) -> tuple[float, float]:
    """Give seconds by the clock and of CPU for replies that are read by a number of threads."""
    from chatadapters import openai_predict

    predict = openai_predict("scripted", base_url=url, api_key="none")
    whole = predict.complete("Hi").text
    began, used = perf_counter(), process_time()
    with ThreadPoolExecutor(threads) as pool:
        texts = list(pool.map(lambda _: predict.complete("Hi").text, range(replies)))
    seconds = perf_counter() - began, process_time() - used
    assert texts == [whole] * replies
    return seconds


def main(chunks: int = 20_000) -> None:
    """Print the quickest of some runs for each number of threads."""
    from benchmarks.server import serving

    lock = "with a GIL" if getattr(sys, "_is_gil_enabled", lambda: True)() else "without a GIL"
    print(f"Python {sys.version.split()[0]} {lock}: {REPLIES} replies of {chunks:,} chunks")
    with serving() as url:
        for threads in THREADS:
            clock, cpu = min(read(f"{url}/chat/50/{chunks}/v1", threads) for _ in range(RUNS))
            print(f"{threads:>3} threads: {clock:.2f} s, {cpu:.2f} s of CPU", flush=True)


if __name__ == "__main__":
    main()
