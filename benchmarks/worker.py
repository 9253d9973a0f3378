"""Runs one client in its own environment, and does what it is told line by line.

Each line is a JSON object: `{"do": "read", ...}` and so on, one method of a class below for each;
each answer is one too. What a library prints goes to standard error.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
from array import array
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from time import monotonic, perf_counter, process_time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


def peak() -> float:
    """Give the most memory that this process has had, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # elsewhere a process may begin with the peak of the one that started it
        lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    import resource

    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / 2**20 if sys.platform == "darwin" else size / 1024


def grown(texts: Iterator[str]) -> Iterator[str]:
    """Give the reply so far, as the loop of Gradio's guide does."""
    text = ""
    for each in texts:
        text = text + each
        yield text


class Worker:
    """One client; its two kinds differ in how they read.

    Args:
        function: Its module and function.
        growing: Whether each text is the reply so far.
        loop: The module of its event loop, `"asyncio"` or `"uvloop"`.
    """

    def __init__(self, function: str, *, growing: bool, loop: str) -> None:
        self.module, self.name = function.split(".")
        self.growing, self.loop = growing, loop

    def make(self, url: str) -> Callable[[str], Any]:
        """Make the client for an address, once."""
        if url not in self.made:
            module = importlib.import_module(f"benchmarks.clients.{self.module}")
            self.made[url] = getattr(module, self.name)(url)
        return self.made[url]

    @cached_property
    def made(self) -> dict[str, Callable[[str], Any]]:
        """The clients that were made."""
        return {}

    def peak(self) -> float:
        """Give the most memory so far."""
        return peak()


class Count:
    """What reading took."""

    def __init__(self) -> None:
        self.size = self.values = 0
        self.first = 0.0
        self._began, self._cpu = perf_counter(), process_time()

    def told(self, times: int = 1) -> dict[str, float]:
        """Give it, the time to the first text as a mean of so many replies."""
        cpu, wall, first = process_time() - self._cpu, perf_counter() - self._began, self.first
        told = {"size": self.size, "values": self.values, "first": first / times}
        return {**told, "cpu": cpu, "wall": wall}


class SyncWorker(Worker):
    """A client that blocks."""

    def read(self, url: str, times: int = 1, *, grow: bool = False) -> dict[str, float]:
        """Read replies one after the other."""
        stream, count = self.make(url), Count()
        for _ in range(times):
            asked = perf_counter()
            texts = grown(stream("Hi")) if grow else stream("Hi")
            replaces, length = grow or self.growing, 0
            for text in texts:
                if not length:
                    count.first += perf_counter() - asked
                length = len(text) if replaces else length + len(text)
                count.values += 1
            count.size += length
        return count.told(times)

    def threads(self, url: str, number: int) -> dict[str, float]:
        """Read as many replies at once as there are threads."""
        self.read(url)
        count = Count()
        with ThreadPoolExecutor(number) as pool:
            for told in pool.map(self.read, [url] * number):
                count.size += int(told["size"])
        return count.told()


class AsyncWorker(Worker):
    """A client of an event loop."""

    @cached_property
    def runner(self) -> asyncio.Runner:
        """The event loop of this process."""
        return asyncio.Runner(loop_factory=importlib.import_module(self.loop).new_event_loop)

    def read(self, url: str, times: int = 1) -> dict[str, float]:
        """Read replies one after the other."""
        return self.runner.run(self._read(url, times))

    async def _read(self, url: str, times: int) -> dict[str, float]:
        stream, count = self.make(url), Count()
        for _ in range(times):
            asked, length = perf_counter(), 0
            async for text in stream("Hi"):
                if not length:
                    count.first += perf_counter() - asked
                length = len(text) if self.growing else length + len(text)
                count.values += 1
            count.size += length
        return count.told(times)

    def users(self, url: str, number: int) -> dict[str, Any]:
        """Read so many replies at once; note when each text came, on the machine's clock."""
        return self.runner.run(self._users(url, number))

    async def _users(self, url: str, number: int) -> dict[str, Any]:
        stream = self.make(url)
        # Not lists of pairs: each would be one more thing for the client's garbage collector.
        came = {f"s{each}": array("d") for each in range(number)}
        count = Count()
        await asyncio.gather(*(self._note(stream(name), notes) for name, notes in came.items()))
        told = count.told()
        pairs = {name: [*zip(a[::2], a[1::2], strict=True)] for name, a in came.items()}
        return {**told, "came": pairs, "peak": peak()}

    async def _note(self, texts: AsyncIterator[str], notes: array[float]) -> None:
        """Note when each text came, and how long the reply was then."""
        length = 0
        try:
            async for text in texts:
                length = len(text) if self.growing else length + len(text)
                notes.append(monotonic())
                notes.append(length)
        except Exception as error:  # one lost stream of a peer does not end the others
            sys.stderr.write(f"{type(error).__name__}: {error}\n")


def main(function: str, growing: str, loop: str) -> None:
    """Do what each line says."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    kind = AsyncWorker if function.endswith("_async") else SyncWorker
    worker = kind(function, growing=growing == "growing", loop=loop)
    for line in sys.stdin:
        command = json.loads(line)
        answer = getattr(worker, command.pop("do"))(**command)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
