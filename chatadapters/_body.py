"""The bodies of responses, read from their connections as they come."""

from __future__ import annotations

from asyncio import CancelledError
from typing import TYPE_CHECKING

import httpx2

from ._framing import ChunkedBody
from ._unpack import Unpacker

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Awaitable,
        Callable,
        Generator,
        Iterator,
    )

    from ._connection import AsyncConnection, Connection
    from ._framing import BodyReader
    from ._heads import Head
    from ._network_async import AsyncNetworkStream
    from ._pour import Put

_SHORT = "peer closed connection without sending complete message body"
_FIRST_NO_ANSWER = 300
_NO_BODY = frozenset({204, 304})


class Body(httpx2.SyncByteStream):
    """The body of a response of `Transport`.

    Args:
        head: The head of the response.
        request: What it answers.
        connection: What it comes over.
        give_back: Takes the connection when it is no longer needed.
    """

    def __init__(
        self,
        head: Head,
        request: httpx2.Request,
        connection: Connection,
        give_back: Callable[[Connection], object],
    ) -> None:
        self._connection, self._give_back = connection, give_back
        self._silence = request.extensions.get("timeout", {}).get("read")
        self._reader = _reader_of(head, request.method)
        self._packing = _packing(head)
        # One is read whole before the reply's loop, which looks at the clocks, gets anything of it.
        self._is_error = head.status >= _FIRST_NO_ANSWER
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        """Give the body as it comes, packed or not; for httpx."""
        return self._raw(timed=False)

    def blocks(self) -> Iterator[bytes]:
        """Give the body unpacked, and an empty block whenever the request's deadline is over."""
        return self._unpacked() if self._packing else self._raw(timed=True)

    def _unpacked(self) -> Generator[bytes, None, None]:
        unpack = Unpacker(self._packing).feed
        for block in self._raw(timed=True):
            if block:
                yield from unpack(block)
            else:
                yield block

    def _raw(self, *, timed: bool) -> Generator[bytes, None, None]:
        try:
            yield from self._read(timed)
        except BaseException:  # the SDK closes no response whose error cannot be read
            self.close()
            raise

    def _read(self, timed: bool) -> Generator[bytes, None, None]:
        if self._closed:  # the connection may serve another request now
            raise httpx2.StreamClosed
        stream, reader = self._connection.stream, self._reader
        assert stream is not None
        stream.begin_body(self._silence)
        while not reader.over:
            data = stream.receive(timed=timed or self._is_error)
            if data is None and not timed:
                raise httpx2.ReadTimeout("the body of an error did not end")
            block = b"" if data is None else reader.feed(data)
            if block or data is None:
                yield block
        if reader.reusable:
            self._connection.read_whole()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            if self._connection.stream is not None:
                self._connection.stream.released()
            self._give_back(self._connection)


class AsyncBody(httpx2.AsyncByteStream):
    """The body of a response of `AsyncTransport`; the twin of `Body`."""

    def __init__(
        self,
        head: Head,
        request: httpx2.Request,
        connection: AsyncConnection,
        give_back: Callable[[AsyncConnection], Awaitable[object]],
    ) -> None:
        self._connection, self._give_back = connection, give_back
        self._silence = request.extensions.get("timeout", {}).get("read")
        self._reader = _reader_of(head, request.method)
        self._packing = _packing(head)
        self._closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the body as it comes, packed or not; for httpx."""
        return self._raw()

    def blocks(self) -> AsyncGenerator[bytes, None]:
        """Give the body unpacked."""
        return self._unpacked() if self._packing else self._raw()

    async def pour(self, put: Put) -> None:
        """Give the body to `put` block by block, unpacked, the moment it comes."""
        if self._packing:
            async for block in self.blocks():
                if room := put(block):
                    await room
            return
        stream = self._begin()
        try:
            if not self._reader.over:
                await stream.pour(self._reader, put)
        except (Exception, CancelledError):  # as below
            await self.aclose()
            raise
        self._end()

    async def _unpacked(self) -> AsyncGenerator[bytes, None]:
        unpack = Unpacker(self._packing).feed
        async for block in self._raw():
            for unpacked in unpack(block):
                yield unpacked

    async def _raw(self) -> AsyncGenerator[bytes, None]:
        stream, reader = self._begin(), self._reader
        try:
            while not reader.over:
                if block := reader.feed(await stream.receive()):
                    yield block
        except (Exception, CancelledError):  # the SDK closes no response that cannot be read
            await self.aclose()
            raise
        self._end()

    def _begin(self) -> AsyncNetworkStream:
        if self._closed:
            raise httpx2.StreamClosed
        stream = self._connection.stream
        assert stream is not None
        stream.begin_body(self._silence)
        return stream

    def _end(self) -> None:
        if self._reader.reusable:
            self._connection.read_whole()

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            if self._connection.stream is not None:
                self._connection.stream.released()
            await self._give_back(self._connection)


class _Sized:
    """A body whose length is known; a `BodyReader`."""

    def __init__(self, size: int) -> None:
        self._left = size
        self.over = not size
        self.reusable = True

    def feed(self, data: bytes) -> bytes:
        if not data:
            raise httpx2.RemoteProtocolError(_SHORT)
        block, excess = data[: self._left], data[self._left :]
        self._left -= len(block)
        self.over = not self._left
        self.reusable = not excess
        return block


class _UntilClosed:
    """A body that ends with its connection; a `BodyReader`."""

    over = reusable = False

    def feed(self, data: bytes) -> bytes:
        self.over = not data
        return data


def _reader_of(head: Head, method: str) -> BodyReader:
    """Give what reads a body."""
    if head.status in _NO_BODY or method == "HEAD":
        return _Sized(0)
    named = {name.lower(): value for name, value in head.headers}
    if b"transfer-encoding" in named:
        return ChunkedBody()
    size = named.get(b"content-length")
    return _UntilClosed() if size is None else _Sized(int(size))


def _packing(head: Head) -> bytes:
    """Give how a body is packed, nothing if it is not."""
    found = [value for name, value in head.headers if name.lower() == b"content-encoding"]
    coding = b",".join(found).strip().lower()
    return b"" if coding == b"identity" else coding
