"""The openai SDK, read with the loops of its documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openai import AsyncOpenAI, OpenAI

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


def chat(url: str) -> Callable[[str], Iterator[str]]:
    """Read chat completions."""
    client = OpenAI(base_url=f"{url}/v1", api_key="none")

    def read(message: str) -> Iterator[str]:
        stream = client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": message}], stream=True
        )
        for chunk in stream:
            if chunk.choices[0].delta.content is not None:
                yield chunk.choices[0].delta.content

    return read


def chat_async(url: str) -> Callable[[str], AsyncIterator[str]]:
    """Read chat completions."""
    client = AsyncOpenAI(base_url=f"{url}/v1", api_key="none")

    async def read(message: str) -> AsyncIterator[str]:
        stream = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": message}], stream=True
        )
        async for chunk in stream:
            if chunk.choices[0].delta.content is not None:
                yield chunk.choices[0].delta.content

    return read


def responses(url: str) -> Callable[[str], Iterator[str]]:
    """Read responses."""
    client = OpenAI(base_url=f"{url}/v1", api_key="none")

    def read(message: str) -> Iterator[str]:
        for event in client.responses.create(model="m", input=message, stream=True):
            if event.type == "response.output_text.delta":
                yield event.delta

    return read


def responses_async(url: str) -> Callable[[str], AsyncIterator[str]]:
    """Read responses."""
    client = AsyncOpenAI(base_url=f"{url}/v1", api_key="none")

    async def read(message: str) -> AsyncIterator[str]:
        async for event in await client.responses.create(model="m", input=message, stream=True):
            if event.type == "response.output_text.delta":
                yield event.delta

    return read


def completions(url: str) -> Callable[[str], Iterator[str]]:
    """Read raw completions."""
    client = OpenAI(base_url=f"{url}/v1", api_key="none")

    def read(message: str) -> Iterator[str]:
        for chunk in client.completions.create(model="m", prompt=message, stream=True):
            yield chunk.choices[0].text

    return read


def completions_async(url: str) -> Callable[[str], AsyncIterator[str]]:
    """Read raw completions."""
    client = AsyncOpenAI(base_url=f"{url}/v1", api_key="none")

    async def read(message: str) -> AsyncIterator[str]:
        async for chunk in await client.completions.create(model="m", prompt=message, stream=True):
            yield chunk.choices[0].text

    return read
