"""litellm, read as its documentation does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import litellm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


def chat(url: str) -> Callable[[str], Iterator[str]]:
    """Read chat completions."""
    complete = partial(litellm.completion, **_options(url))

    def read(message: str) -> Iterator[str]:
        for chunk in complete(messages=[{"role": "user", "content": message}]):
            if chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content

    return read


def chat_async(url: str) -> Callable[[str], AsyncIterator[str]]:
    """Read chat completions."""
    complete = partial(litellm.acompletion, **_options(url))

    async def read(message: str) -> AsyncIterator[str]:
        async for chunk in await complete(messages=[{"role": "user", "content": message}]):
            if chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content

    return read


def _options(url: str) -> dict[str, Any]:
    return {"model": "openai/m", "api_base": f"{url}/v1", "api_key": "none", "stream": True}
