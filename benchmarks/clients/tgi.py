"""The text-generation package, read as its README does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from text_generation import AsyncClient, Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


def generate(url: str) -> Callable[[str], Iterator[str]]:
    """Read text generation."""
    client = Client(url, timeout=60)

    def read(message: str) -> Iterator[str]:
        for answer in client.generate_stream(message, max_new_tokens=4096):
            if not answer.token.special:
                yield answer.token.text

    return read


def generate_async(url: str) -> Callable[[str], AsyncIterator[str]]:
    """Read text generation."""
    client = AsyncClient(url, timeout=60)

    async def read(message: str) -> AsyncIterator[str]:
        async for answer in client.generate_stream(message, max_new_tokens=4096):
            if not answer.token.special:
                yield answer.token.text

    return read
