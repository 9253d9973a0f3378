"""The limit in Python: a bare connection and orjson, which checks nothing."""

from __future__ import annotations

import asyncio
import http.client
import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


def chat(url: str) -> Callable[[str], Iterator[str]]:
    """Read chat completions with the standard library's client."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)

    def read(message: str) -> Iterator[str]:
        connection.request("POST", f"{parts.path}/v1/chat/completions", _body(message))
        response, rest = connection.getresponse(), b""
        while block := response.read1(65536):
            *events, rest = (rest + block).split(b"\n\n")
            yield from _texts(events)

    return read


def chat_async(url: str) -> Callable[[str], AsyncIterator[str]]:
    """Read chat completions from asyncio's streams, with the HTTP chunks taken off."""
    parts = urlsplit(url)

    async def read(message: str) -> AsyncIterator[str]:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        body = _body(message)
        writer.write(
            b"POST %b/v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%b"
            % (parts.path.encode(), len(body), body)
        )
        await reader.readuntil(b"\r\n\r\n")
        while size := int(await reader.readuntil(b"\r\n"), 16):
            block = await reader.readexactly(size + 2)
            for text in _texts(block[:-2].split(b"\n\n")):
                yield text
        writer.close()
        await writer.wait_closed()

    return read


def _body(message: str) -> bytes:
    return json.dumps({"messages": [{"role": "user", "content": message}]}).encode()


def _texts(events: list[bytes]) -> Iterator[str]:
    for event in events:
        if event and event != b"data: [DONE]":
            text = orjson.loads(event[6:])["choices"][0]["delta"].get("content")
            if text:
                yield text
