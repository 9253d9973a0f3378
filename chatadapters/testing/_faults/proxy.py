"""Passes requests through to a real server and cuts what comes back."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from .answers import Answer, End

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from .connection import Request

#: Headers that belong to one connection, or that this proxy sets itself.
_OWN = ("connection", "content-length", "host", "keep-alive", "transfer-encoding")


class Upstream(NamedTuple):
    """A real server, and where its answer to the first request is cut.

    Attributes:
        address: Its address, without a path.
        cut_after: Bytes of body that get through.
        how: What becomes of the connection then.
    """

    address: str
    cut_after: int
    how: End


async def forward(request: Request, upstream: Upstream, path: str, *, cut: bool) -> Answer:
    """Send a request to a real server and give its answer as it comes.

    Args:
        request: The request as it was received.
        upstream: The server.
        path: The path to ask for there.
        cut: Whether the answer is cut.
    """
    reader, writer = await _sent(request, upstream.address, path)
    status, headers = await _head(reader)
    body = _body(reader, writer, headers.get("transfer-encoding", "").lower() == "chunked")
    if cut:
        return Answer(_first(body, upstream.cut_after), status, _kept(headers), end=upstream.how)
    return Answer(body, status, _kept(headers))


async def _sent(
    request: Request, address: str, path: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    where = urlsplit(address)
    host = {"Host": where.netloc, "Connection": "close"}
    headers = {**_kept(request.headers), **host, "Content-Length": str(len(request.body))}
    lines = [f"{request.method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
    reader, writer = await asyncio.open_connection(where.hostname, where.port or 80)
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + request.body)
    return reader, writer


def _kept(headers: dict[str, str]) -> dict[str, str]:
    return {name.title(): value for name, value in headers.items() if name not in _OWN}


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    line = await reader.readline()
    headers: dict[str, str] = {}
    while field := (await reader.readline()).strip():
        name, _, value = field.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    return int(line.split()[1]), headers


async def _body(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, chunked: bool
) -> AsyncGenerator[bytes, None]:
    try:
        if not chunked:
            while data := await reader.read(2**16):
                yield data
            return
        while size := int((await reader.readline()).split(b";")[0], 16):
            yield (await reader.readexactly(size + 2))[:-2]
    finally:
        writer.close()


async def _first(body: AsyncGenerator[bytes, None], limit: int) -> AsyncGenerator[bytes, None]:
    async with aclosing(body):
        async for data in body:
            if len(data) >= limit:
                yield data[:limit]
                return
            yield data
            limit -= len(data)
