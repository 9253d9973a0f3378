"""langchain-openai, read as its documentation does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_openai import ChatOpenAI

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


def chat(url: str) -> Callable[[str], Iterator[str]]:
    """Read chat completions."""
    model = ChatOpenAI(model="m", base_url=f"{url}/v1", api_key="none")

    def read(message: str) -> Iterator[str]:
        for chunk in model.stream(message):
            if chunk.content:
                yield chunk.content

    return read


def chat_async(url: str) -> Callable[[str], AsyncIterator[str]]:
    """Read chat completions."""
    model = ChatOpenAI(model="m", base_url=f"{url}/v1", api_key="none")

    async def read(message: str) -> AsyncIterator[str]:
        async for chunk in model.astream(message):
            if chunk.content:
                yield chunk.content

    return read
