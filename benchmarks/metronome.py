"""A model without a network: so many numbered words a second for four seconds, by the clock."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatadapters import Backend, Finish, Reader, Text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from chatadapters import Message, Timeout

SECONDS = 4


def words(message: str) -> Iterator[tuple[float, str]]:
    """Give each word and how long from now it is due; note when it begins.

    Args:
        message: How many words a second.
    """
    rate, began = int(message), time.time()
    Path(os.environ["BENCHMARKS_LOG"]).write_text(str(began), encoding="utf-8")
    for number in range(rate * SECONDS):
        yield began + number / rate - time.time(), f"w{number}, "


def speak(message: str) -> Iterator[str]:
    """Give the words when they are due."""
    for wait, word in words(message):
        if wait > 0:
            time.sleep(wait)
        yield word


async def speak_async(message: str) -> AsyncIterator[str]:
    """Give the words when they are due."""
    for wait, word in words(message):
        await asyncio.sleep(max(wait, 0))
        yield word


class Metronome(Backend):
    """The same as a backend."""

    def build(self, conversation: Sequence[Message], options: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Give the message."""
        content = conversation[-1].content
        return content if isinstance(content, str) else content[-1].text

    def reader(self) -> Reader:
        """Give a reader of words."""
        return _Words()

    def stream(self, payload: str, timeout: Timeout) -> Iterator[str | Finish]:  # noqa: ARG002
        """Give the words."""
        yield from speak(payload)
        yield Finish("stop")

    async def astream(self, payload: str, timeout: Timeout) -> AsyncIterator[str | Finish]:  # noqa: ARG002
        """Give the words."""
        async for word in speak_async(payload):
            yield word
        yield Finish("stop")


class _Words(Reader):
    def feed(self, chunk: str | Finish) -> list[Text | Finish]:
        return [Text(chunk) if isinstance(chunk, str) else chunk]
