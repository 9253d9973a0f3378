"""Plays an answer on a connection, step by step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from .answers import EVENT_STREAM, Answer, Body, Step

if TYPE_CHECKING:
    from .connection import Connection

#: Seconds that a connection is held open at most.
_HOLD = 120.0
#: Seconds before a reset, so that what was sent is read and not lost with the connection.
_SETTLE = 0.03


async def play(answer: Answer, connection: Connection, speed: float) -> AsyncIterator[int]:
    """Write an answer and leave the connection as it says.

    Yields:
        The bytes of body written with each step.
    """
    if answer.framing != "raw":
        await connection.send(_head(answer))
    async with aclosing(_steps(answer.body)) as steps:
        async for step in steps:
            if isinstance(step, bytes):
                await connection.send(_framed(step, answer))
                yield len(step)
            else:
                await connection.wait(step / speed)
    await _leave(answer, connection)


async def _steps(body: Body) -> AsyncGenerator[Step, None]:
    if isinstance(body, AsyncGenerator):
        async with aclosing(body):
            async for piece in body:
                yield piece
    else:
        for step in body:
            yield step


def _head(answer: Answer) -> bytes:
    headers = {"Content-Type": EVENT_STREAM, **_framing(answer), **answer.headers}
    known = {status.value: status.phrase for status in HTTPStatus}
    lines = [f"HTTP/1.1 {answer.status} {known.get(answer.status, 'Overloaded')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def _framing(answer: Answer) -> dict[str, str]:
    if answer.framing == "chunked":
        return {"Transfer-Encoding": "chunked"}
    body = cast("Iterable[bytes]", answer.body)
    return {"Content-Length": str(sum(len(piece) for piece in body))}


def _framed(step: bytes, answer: Answer) -> bytes:
    if answer.framing != "chunked":
        return step
    return f"{len(step):x}\r\n".encode() + step + b"\r\n" if step else b""


async def _leave(answer: Answer, connection: Connection) -> None:
    if answer.end == "hold":
        await connection.wait(_HOLD)
    if answer.end == "rst":
        await asyncio.sleep(_SETTLE)
        connection.reset()
    elif answer.end != "clean":
        connection.close()
    elif answer.framing == "chunked":
        await connection.send(b"0\r\n\r\n")
