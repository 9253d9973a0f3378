"""aisuite, read as its README does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aisuite

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


def chat(url: str) -> Callable[[str], Iterator[str]]:
    """Read chat completions."""
    client = _client(url)

    def read(message: str) -> Iterator[str]:
        messages = [{"role": "user", "content": message}]
        for chunk in client.chat.completions.create("openai:m", messages, stream=True):
            if chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content

    return read


def chat_async(url: str) -> Callable[[str], AsyncIterator[str]]:
    """Read chat completions."""
    client = _client(url)

    async def read(message: str) -> AsyncIterator[str]:
        messages = [{"role": "user", "content": message}]
        stream = await client.chat.completions.acreate("openai:m", messages, stream=True)
        async for chunk in stream:
            if chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content

    return read


def _client(url: str) -> aisuite.Client:
    return aisuite.Client({"openai": {"api_key": "none", "base_url": f"{url}/v1"}})
