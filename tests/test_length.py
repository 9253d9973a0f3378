"""A reply of a million chunks takes a small multiple of its text, whoever reads it and how."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from chatadapters import make_predict
from chatadapters.backends.openai import OpenAIBackend

CHUNKS = 1_000_000
TOKEN = "tok "
EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "tok "}}]}\n\n'
END = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
IN_A_BLOCK = 20
#: What waits between the stream and the consumer, `Limits.buffer`, and some slack.
BUFFER = 12 * 2**20


class Endless(OpenAIBackend):
    """The real backend, whose bytes come from memory as fast as they are read."""

    chunks = CHUNKS

    def timed_stream(self, payload: Any, timeout: Any) -> None:
        return None

    def stream(self, payload: Any, timeout: Any) -> Iterator[bytes]:  # type: ignore[override]
        for _ in range(self.chunks // IN_A_BLOCK):
            yield EVENT * IN_A_BLOCK
        yield END

    async def astream(self, payload: Any, timeout: Any) -> AsyncIterator[bytes]:  # type: ignore[override]
        for number in range(self.chunks // IN_A_BLOCK):
            yield EVENT * IN_A_BLOCK
            if number % 100 == 0:
                await asyncio.sleep(0)
        yield END


def read(view: str, colour: str, pause: float) -> int:
    """Read a whole reply and give its length."""
    predict: Any = make_predict(Endless("m"))
    if colour == "async":
        return asyncio.run(_aread(predict.aio, view, pause))
    if view == "complete":
        return len(predict.complete("Hi").text)
    size = 0
    for value in predict("Hi") if view == "predict" else predict.deltas("Hi"):
        size = len(value) if view == "predict" else size + len(value)
        time.sleep(pause)
    return size


async def _aread(predict: Any, view: str, pause: float) -> int:
    if view == "complete":
        return len((await predict.complete("Hi")).text)
    size = 0
    async for value in predict("Hi") if view == "predict" else predict.deltas("Hi"):
        size = len(value) if view == "predict" else size + len(value)
        await asyncio.sleep(pause)
    return size


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(view: str, colour: str, pause: str) -> None:
    """Print how far the memory of this process grows while it reads a long reply."""
    Endless.chunks = 1000
    read(view, colour, 0)
    before, Endless.chunks = _peak(), CHUNKS
    assert read(view, colour, float(pause)) == CHUNKS * len(TOKEN)
    sys.stdout.write(str(_peak() - before))


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize(
    ("view", "pause"),
    [("predict", 0), ("predict", 0.05), ("deltas", 0), ("deltas", 0.05), ("complete", 0)],
)
def test_memory_stays_a_small_multiple_of_the_text(view: str, pause: float, colour: str) -> None:
    """At most six times the text beside what may wait for a slow consumer."""
    command = [sys.executable, "-m", "tests.test_length", view, colour, str(pause)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 6 * CHUNKS * len(TOKEN) + BUFFER


if __name__ == "__main__":
    main(*sys.argv[1:])
