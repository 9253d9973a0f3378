"""CPU per chunk of replies of 1,000 to 1,000,000 chunks: what does not grow with the length.

Run it with `python -m benchmarks.length`; it needs the extra `openai`. Chunks come in a burst, each
in an HTTP chunk of its own. What a reply costs before its first chunk is measured with an empty one
and taken off. A slow consumer takes 50 ms for each value.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from time import process_time
from typing import TYPE_CHECKING

from benchmarks.regime_server import TOKEN, serving
from chatadapters import Predict, openai_predict

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (1_000, 10_000, 100_000, 1_000_000)


def growing(predict: Predict, pause: float) -> int:
    """Read the reply so far, again and again."""
    size = 0
    for value in predict("Hi"):
        size = len(value)
        time.sleep(pause)
    return size


def deltas(predict: Predict, pause: float) -> int:
    """Read what is new."""
    size = 0
    for value in predict.deltas("Hi"):
        size += len(value)
        time.sleep(pause)
    return size


def complete(predict: Predict, _pause: float) -> int:
    """Read the whole reply."""
    return len(predict.complete("Hi").text)


def in_asyncio(predict: Predict, pause: float) -> int:
    """Read the reply so far in asyncio."""

    async def read() -> int:
        size = 0
        async for value in predict.aio("Hi"):
            size = len(value)
            await asyncio.sleep(pause)
        await predict.aio.close()
        return size

    return asyncio.run(read())


READS: dict[str, Callable[[Predict], int]] = {
    "predict": partial(growing, pause=0),
    "predict, slow": partial(growing, pause=0.05),
    "deltas": partial(deltas, pause=0),
    "complete": partial(complete, _pause=0),
    "predict.aio": partial(in_asyncio, pause=0),
    "predict.aio, slow": partial(in_asyncio, pause=0.05),
}


def cost(read: Callable[[Predict], int], tokens: int) -> float:
    """Give the microseconds of CPU of a reply, the least of some rounds."""
    with serving(tokens) as server:
        predict = openai_predict("m", base_url=f"{server}/1/v1", api_key="none")
        taken: list[float] = []
        for _ in range(3 if tokens > 10_000 else 30):
            began = process_time()
            assert read(predict) == tokens * len(TOKEN)
            taken.append(process_time() - began)
        predict.close()
    return min(taken) * 1e6


def main() -> None:
    """Measure and print."""
    print("CPU per chunk in microseconds", *(f"{size:>11,}" for size in SIZES))
    for name, read in READS.items():
        nothing = cost(read, 1)
        found = ((cost(read, size) - nothing) / size for size in SIZES)
        print(f"{name:29}", *(f"{each:11.2f}" for each in found))


if __name__ == "__main__":
    main()
