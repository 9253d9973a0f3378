"""Counts the instructions of LangChain's own loop and of `langchain_predict`, for each token.

`python benchmarks/beside_langchain.py URL TOKENS` prints them as JSON, in the environment that it
runs in. Every loop reads replies of N tokens and of 2N, so that what beginning takes falls out.
"""

from __future__ import annotations

import asyncio
import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FRAMES = {"blocks": 50, "events": 1}
WARM = 20


class Loop(NamedTuple):
    """A loop that is counted: LangChain's or ours, sync or async, events in a block or apart."""

    ours: bool
    is_async: bool
    frame: str

    def read(self, url: str, tokens: int) -> None:
        """Make a client, read a short reply to warm it up, then one of so many tokens."""
        from benchmarks import wires
        from benchmarks.clients import langchain_, ours

        urls = [f"{url}/chat/{FRAMES[self.frame]}/{number}" for number in (WARM, tokens)]
        if self.is_async:
            theirs, made = langchain_.chat_async, ours.langchain_async
            texts = asyncio.run(_all([(made if self.ours else theirs)(each) for each in urls]))
        else:
            make = ours.langchain if self.ours else langchain_.chat
            texts = [[*make(each)("Hi")] for each in urls]
        whole = texts[-1][-1] if self.ours else "".join(texts[-1])
        assert len(whole) == tokens * wires.SIZE, f"{self} lost text"


async def _all(clients: Iterable[Callable[[str], Any]]) -> list[list[str]]:
    return [[text async for text in read("Hi")] for read in clients]


LOOPS = [
    Loop(ours, is_async, frame)
    for is_async in (False, True)
    for frame in FRAMES
    for ours in (False, True)
]


def count(url: str, tokens: int) -> list[dict[str, Any]]:
    """Count each loop's instructions for a token."""
    from benchmarks.counting import counted

    counts = counted(__file__, url, str(tokens))
    pairs = zip(LOOPS, counts[::2], counts[1::2], strict=True)
    return [
        {**loop._asdict(), "instructions": (twice - once) / tokens} for loop, once, twice in pairs
    ]


def run(url: str, tokens: int) -> None:
    """Run each loop, once for N tokens and once for 2N, in forks that import nothing more."""
    import langchain_openai  # noqa: F401

    from benchmarks.counting import run_each
    from chatadapters.backends import langchain  # noqa: F401

    run_each(partial(loop.read, url, times * tokens) for loop in LOOPS for times in (1, 2))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    if sys.argv[1] == "--run":
        run(sys.argv[2], int(sys.argv[3]))
    else:
        print(json.dumps(count(sys.argv[1], int(sys.argv[2]))))
