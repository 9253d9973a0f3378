"""Many replies at once: on one event loop at real rates, and in threads on one predict object.

Run it with `python -m benchmarks.users [STREAMS]`; it needs the extra `openai`. A process of its
own sends each of 1,000 streams 200 tokens at 20 a second, each token in a packet of its own; the
text of a token is the time at which it was due, so that each knows how late it is.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from concurrent.futures import ThreadPoolExecutor
from statistics import median, quantiles
from time import monotonic, perf_counter, process_time

from benchmarks.regime_server import TOKEN, serving
from chatadapters import Predict, openai_predict

STREAMS, TOKENS = 1000, 200
THREADS, THREAD_TOKENS = 64, 2000


async def listen(predict: Predict, late: list[float], ends: list[float]) -> None:
    """Read one reply, note how late each token is, and when the last one came."""
    count = 0
    async for text in predict.aio.deltas("Hi"):
        now = monotonic()
        times = [now - float(due) for due in text.split()]
        count += len(times)
        late += times
    assert count == TOKENS, count
    ends.append(late[-1])


async def many(predict: Predict, streams: int) -> tuple[list[float], list[float]]:
    """Read many replies at once."""
    late: list[float] = []
    ends: list[float] = []
    await asyncio.gather(*(listen(predict, late, ends) for _ in range(streams)))
    await predict.aio.close()
    return late, ends


def on_one_loop(streams: int) -> None:
    """Measure replies that share an event loop."""
    with serving(TOKENS) as server:
        predict = openai_predict("m", base_url=f"{server}/rate20/v1", api_key="none")
        predict.using(base_url=f"{server}/1/v1").complete("Hi")  # loads what is loaded late
        began, cpu, memory = perf_counter(), process_time(), _peak()
        late, ends = asyncio.run(many(predict, streams))
        seconds, used = perf_counter() - began, process_time() - cpu
    within = sum(each <= 0.05 for each in late) / len(late)
    print(
        f"{streams:,} streams of {TOKENS} tokens, 20/s each: the source takes {TOKENS / 20:.0f} s"
    )
    token = used / len(late) * 1e6
    print(f"  done after {seconds:.1f} s, {used:.1f} s of CPU, {token:.0f} us a token")
    print(
        f"  late: median {1000 * median(late):.1f} ms, 99 % within "
        f"{1000 * quantiles(late, n=100)[-1]:.0f} ms; within 50 ms: {100 * within:.1f} %"
    )
    print(
        f"  last token of a stream: median {1000 * median(ends):.1f} ms late, the latest "
        f"{1000 * max(ends):.0f} ms; memory grew by {_peak() - memory:.0f} MiB"
    )


def in_threads() -> None:
    """Measure replies in threads that share a predict object."""
    with serving(THREAD_TOKENS) as server:
        predict = openai_predict("m", base_url=f"{server}/1/v1", api_key="none")
        predict.complete("Hi")

        def read(_: int) -> None:
            assert predict.complete("Hi").text == TOKEN * THREAD_TOKENS

        for threads in (1, THREADS):
            began, cpu = perf_counter(), process_time()
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(read, range(THREADS)))
            seconds, used = perf_counter() - began, process_time() - cpu
            tokens = THREADS * THREAD_TOKENS
            print(
                f"{THREADS} replies of {THREAD_TOKENS:,} tokens in {threads} threads: "
                f"{seconds:.2f} s, {used:.2f} s of CPU, {used / tokens * 1e6:.2f} us a token"
            )
        predict.close()


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    on_one_loop(int(sys.argv[1]) if sys.argv[1:] else STREAMS)
    in_threads()


if __name__ == "__main__":
    main()
