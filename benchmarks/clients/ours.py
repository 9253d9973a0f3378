"""A predict on each wire, as a chat UI calls it: growing strings, paced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatadapters import (
    Text,
    huggingface_predict,
    langchain_predict,
    openai_predict,
    text_generation_predict,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from chatadapters import AsyncPredict, Predict

    Sync = Callable[[str], Iterator[str]]
    Async = Callable[[str], AsyncIterator[str]]


def predict(url: str) -> Predict:
    """Make the predict of OpenAI's chat wire."""
    return openai_predict("m", base_url=f"{url}/v1", api_key="none")


def chat(url: str) -> Sync:
    """Read OpenAI's chat wire."""
    return predict(url)


def chat_async(url: str) -> Async:
    """Read OpenAI's chat wire."""
    return predict(url).aio


def deltas(url: str) -> Sync:
    """Read only what is new, paced."""
    return predict(url).deltas


def complete(url: str) -> Sync:
    """Read the whole reply at once."""
    made = predict(url)

    def read(message: str) -> Iterator[str]:
        yield made.complete(message).text

    return read


def events(url: str) -> Sync:
    """Read every event, unpaced."""
    return _texts(predict(url))


def events_async(url: str) -> Async:
    """Read every event, unpaced."""
    return _texts_async(predict(url).aio)


def _texts(made: Predict) -> Sync:
    def read(message: str) -> Iterator[str]:
        for event in made.events(message):
            if isinstance(event, Text):
                yield event.delta

    return read


def _texts_async(made: AsyncPredict) -> Async:
    async def read(message: str) -> AsyncIterator[str]:
        async for event in made.events(message):
            if isinstance(event, Text):
                yield event.delta

    return read


def responses(url: str) -> Sync:
    """Read OpenAI's Responses wire."""
    return _responses(url)


def responses_async(url: str) -> Async:
    """Read OpenAI's Responses wire."""
    return _responses(url).aio


def _responses(url: str) -> Predict:
    return openai_predict("m", base_url=f"{url}/v1", api_key="none", api="responses")


def completions(url: str) -> Sync:
    """Read raw completions."""
    return _completions(url)


def completions_async(url: str) -> Async:
    """Read raw completions."""
    return _completions(url).aio


def _completions(url: str) -> Predict:
    return text_generation_predict(f"{url}/v1", wire="completions", model="m")


def tgi(url: str) -> Sync:
    """Read Text Generation Inference's wire."""
    return text_generation_predict(url)


def tgi_async(url: str) -> Async:
    """Read Text Generation Inference's wire."""
    return text_generation_predict(url).aio


def hub(url: str) -> Sync:
    """Read the chat wire of an endpoint of Hugging Face."""
    return huggingface_predict(base_url=f"{url}/v1")


def hub_async(url: str) -> Async:
    """Read the chat wire of an endpoint of Hugging Face."""
    return huggingface_predict(base_url=f"{url}/v1").aio


def langchain(url: str) -> Sync:
    """Read through LangChain's own model."""
    return _langchain(url)


def langchain_async(url: str) -> Async:
    """Read through LangChain's own model."""
    return _langchain(url).aio


def _langchain(url: str) -> Predict:
    from langchain_openai import ChatOpenAI

    return langchain_predict(ChatOpenAI(model="m", base_url=f"{url}/v1", api_key="none"))
