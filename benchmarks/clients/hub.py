"""huggingface_hub's inference client, on the chat wire and on Text Generation Inference's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from huggingface_hub import AsyncInferenceClient, InferenceClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


def chat(url: str) -> Callable[[str], Iterator[str]]:
    """Read chat completions."""
    client = InferenceClient(base_url=f"{url}/v1", api_key="none")

    def read(message: str) -> Iterator[str]:
        messages = [{"role": "user", "content": message}]
        for chunk in client.chat_completion(messages, stream=True):
            if chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content

    return read


def chat_async(url: str) -> Callable[[str], AsyncIterator[str]]:
    """Read chat completions."""
    client = AsyncInferenceClient(base_url=f"{url}/v1", api_key="none")

    async def read(message: str) -> AsyncIterator[str]:
        messages = [{"role": "user", "content": message}]
        async for chunk in await client.chat_completion(messages, stream=True):
            if chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content

    return read


def generate(url: str) -> Callable[[str], Iterator[str]]:
    """Read text generation with its details, which say whether a token is special."""
    client = InferenceClient(model=url, token="none")

    def read(message: str) -> Iterator[str]:
        for answer in client.text_generation(message, stream=True, details=True):
            if not answer.token.special:
                yield answer.token.text

    return read


def generate_async(url: str) -> Callable[[str], AsyncIterator[str]]:
    """Read text generation with its details, which say whether a token is special."""
    client = AsyncInferenceClient(model=url, token="none")

    async def read(message: str) -> AsyncIterator[str]:
        stream = await client.text_generation(message, stream=True, details=True)
        async for answer in stream:
            if not answer.token.special:
                yield answer.token.text

    return read
