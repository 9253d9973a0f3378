"""The bytes of an answer in asyncio, which can be poured: handed over the moment they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ._http import abody_of, pour_body

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import AsyncGenerator, AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    class Put(Protocol):
        """Takes a block; gives what to wait for before the next one, if anything.

        `whole` says that all that comes while that is waited for will be one block.
        """

        def __call__(self, block: bytes, whole: bool = False, /) -> Future[None] | None: ...


class PouredStream:
    """An async iterator of blocks, which may be poured in place of being iterated.

    Iterating resumes a chain of generators for each block; pouring does so once.

    Args:
        answer: Sends the request; the context is the response of an httpx client.
    """

    def __init__(self, answer: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        self._answer = answer
        self._blocks = self._read()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._blocks

    async def __anext__(self) -> bytes:
        return await anext(self._blocks)

    async def _read(self) -> AsyncGenerator[bytes, None]:
        async with self._answer() as response:
            async for block in abody_of(response):
                yield block

    async def pour(self, put: Put) -> None:
        """Give each block to `put`; return when the answer has ended."""
        async with self._answer() as response:
            await pour_body(response, put)

    async def aclose(self) -> None:
        """End it."""
        await self._blocks.aclose()
