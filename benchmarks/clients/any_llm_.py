"""any-llm, with its class that keeps a client between messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from any_llm import AnyLLM

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


def chat(url: str) -> Callable[[str], Iterator[str]]:
    """Read chat completions."""
    client = AnyLLM.create("openai", api_key="none", api_base=f"{url}/v1")

    def read(message: str) -> Iterator[str]:
        messages = [{"role": "user", "content": message}]
        for chunk in client.completion(model="m", messages=messages, stream=True):
            if chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content

    return read


def chat_async(url: str) -> Callable[[str], AsyncIterator[str]]:
    """Read chat completions."""
    client = AnyLLM.create("openai", api_key="none", api_base=f"{url}/v1")

    async def read(message: str) -> AsyncIterator[str]:
        messages = [{"role": "user", "content": message}]
        async for chunk in await client.acompletion(model="m", messages=messages, stream=True):
            if chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content

    return read
