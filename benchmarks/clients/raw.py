"""HTTP libraries with orjson behind them and nothing else, to see what each of them costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from openai import AsyncOpenAI


class _Events:
    """Takes blocks of bytes and gives the texts in them; checks nothing."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, block: bytes) -> Iterator[str]:
        *events, self._rest = (self._rest + block).split(b"\n\n")
        for event in events:
            if event != b"data: [DONE]":
                text = orjson.loads(event[6:])["choices"][0]["delta"].get("content")
                if text:
                    yield text


def httpx2(url: str) -> Callable[[str], Iterator[str]]:
    """Read with httpx2."""
    from httpx2 import Client

    client = Client()

    def read(message: str) -> Iterator[str]:
        events = _Events()
        with client.stream("POST", f"{url}/v1/chat/completions", json=_body(message)) as response:
            for block in response.iter_bytes():
                yield from events.feed(block)

    return read


def httpx2_async(url: str) -> Callable[[str], AsyncIterator[str]]:
    """Read with httpx2."""
    from httpx2 import AsyncClient

    client = AsyncClient()

    async def read(message: str) -> AsyncIterator[str]:
        events, address = _Events(), f"{url}/v1/chat/completions"
        async with client.stream("POST", address, json=_body(message)) as response:
            async for block in response.aiter_bytes():
                for text in events.feed(block):
                    yield text

    return read


def aiohttp_async(url: str) -> Callable[[str], AsyncIterator[str]]:
    """Read with aiohttp."""
    from aiohttp import ClientSession

    async def read(message: str) -> AsyncIterator[str]:
        events, address = _Events(), f"{url}/v1/chat/completions"
        async with ClientSession() as session, session.post(address, json=_body(message)) as got:
            async for block in got.content.iter_any():
                for text in events.feed(block):
                    yield text

    return read


def openai(url: str) -> Callable[[str], Iterator[str]]:
    """Read the openai SDK's raw response."""
    from openai import OpenAI

    client = OpenAI(base_url=f"{url}/v1", api_key="none")

    def read(message: str) -> Iterator[str]:
        events, create = _Events(), client.chat.completions.with_streaming_response.create
        messages = _body(message)["messages"]
        with create(model="m", messages=messages, stream=True) as response:
            for block in response.iter_bytes():
                yield from events.feed(block)

    return read


def openai_async(url: str) -> Callable[[str], AsyncIterator[str]]:
    """Read the openai SDK's raw response."""
    from openai import AsyncOpenAI

    return _openai(AsyncOpenAI(base_url=f"{url}/v1", api_key="none"))


def openai_aiohttp_async(url: str) -> Callable[[str], AsyncIterator[str]]:
    """Read the raw response of the openai SDK's client on aiohttp."""
    from openai import AsyncOpenAI, DefaultAioHttpClient

    return _openai(
        AsyncOpenAI(base_url=f"{url}/v1", api_key="none", http_client=DefaultAioHttpClient())
    )


def _openai(client: AsyncOpenAI) -> Callable[[str], AsyncIterator[str]]:
    async def read(message: str) -> AsyncIterator[str]:
        events, create = _Events(), client.chat.completions.with_streaming_response.create
        messages = _body(message)["messages"]
        async with create(model="m", messages=messages, stream=True) as response:
            async for block in response.iter_bytes():
                for text in events.feed(block):
                    yield text

    return read


def _body(message: str) -> dict[str, list[dict[str, str]]]:
    return {"messages": [{"role": "user", "content": message}]}
