"""The bodies of responses, read beside httpcore's parser where they are streams."""

from __future__ import annotations

from asyncio import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx2

from ._framing import ChunkedBody, FramingError
from ._network import Connection
from ._network_async import AsyncConnection
from ._unpack import Unpacker

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Awaitable,
        Callable,
        Generator,
        Iterator,
    )

    import httpcore2

    from ._pour import Put

_SHORT = "peer closed connection without sending complete message body"
_CUT = "peer closed connection without sending complete message body (incomplete chunked read)"
_MOST_SEEN_TWICE = 64 * 1024
_FIRST_NO_ANSWER = 300
_NO_BODY = frozenset({204, 304})


class Body(httpx2.SyncByteStream):
    """The body of a response of `Transport`.

    Args:
        response: The response, whose head was read.
        request: What it answers.
        give_back: Takes the connection when it is no longer needed.
    """

    def __init__(
        self,
        response: httpcore2.Response,
        request: httpcore2.Request,
        give_back: Callable[[], object],
    ) -> None:
        self._response, self._give_back = response, give_back
        self._silence = request.extensions.get("timeout", {}).get("read")
        self._wire = response.extensions.get("network_stream")
        self._framed = _framed(response)
        self._packing = _packing(response)
        self._is_error = response.status >= _FIRST_NO_ANSWER
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
            with as_httpx():
                yield from self._read(timed)
        except BaseException:  # the SDK closes no response whose error cannot be read
            self.close()
            raise

    def _read(self, timed: bool) -> Generator[bytes, None, None]:
        wire, framed = self._wire, self._framed
        if framed is None or not isinstance(wire, Connection) or not wire.take_over(self._silence):
            yield from self._response.iter_stream()
            return
        while not framed.over:
            data = wire.receive(timed=timed or self._is_error)
            if data is None and not timed:
                raise httpx2.ReadTimeout("the body of an error did not end")
            block = b"" if data is None else framed.feed(data)
            if block or data is None:
                yield block
        if framed.reusable:
            wire.put_back(framed.seen)
            for _ in self._response.iter_stream():
                pass

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            if isinstance(self._wire, Connection):
                self._wire.released()
            with as_httpx():
                try:
                    self._response.close()
                finally:
                    self._give_back()


class AsyncBody(httpx2.AsyncByteStream):
    """The body of a response of `AsyncTransport`; the twin of `Body`."""

    def __init__(
        self,
        response: httpcore2.Response,
        request: httpcore2.Request,
        give_back: Callable[[], Awaitable[object]],
    ) -> None:
        self._response, self._give_back = response, give_back
        self._silence = request.extensions.get("timeout", {}).get("read")
        self._wire: Any = response.extensions.get("network_stream")
        self._framed: Any = _framed(response)
        self._packing = _packing(response)
        self._closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the body as it comes, packed or not; for httpx."""
        return self._raw()

    def blocks(self) -> AsyncGenerator[bytes, None]:
        """Give the body unpacked."""
        return self._unpacked() if self._packing else self._raw()

    async def pour(self, put: Put) -> None:
        """Give the body to `put` block by block, unpacked, the moment it comes."""
        if self._packing or not self._take_over():
            async for block in self.blocks():
                if room := put(block):
                    await room
            return
        framed = self._framed

        def take(data: bytes) -> bool | Future[None] | None:
            block = framed.feed(data)
            room = put(block, True) if block else None
            return framed.over or room

        try:
            with as_httpx():
                if not framed.over:
                    await self._wire.pour(take)
                await self._show_end()
        except (Exception, CancelledError):  # as below
            await self.aclose()
            raise

    async def _unpacked(self) -> AsyncGenerator[bytes, None]:
        unpack = Unpacker(self._packing).feed
        async for block in self._raw():
            for unpacked in unpack(block):
                yield unpacked

    async def _raw(self) -> AsyncGenerator[bytes, None]:
        wire, framed = self._wire, self._framed
        try:
            with as_httpx():
                if not self._take_over():
                    async for block in self._response.aiter_stream():
                        yield block
                    return
                while not framed.over:
                    if block := framed.feed(await wire.receive()):
                        yield block
                await self._show_end()
        except (Exception, CancelledError):  # the SDK closes no response that cannot be read
            await self.aclose()
            raise

    def _take_over(self) -> bool:
        """Say whether the body is read here; the parser reads what it has seen some of."""
        ours = self._framed is not None and isinstance(self._wire, AsyncConnection)
        return ours and self._wire.take_over(self._silence)

    async def _show_end(self) -> None:
        """Show the parser that the body has ended, so that the connection is free."""
        if self._framed.reusable:
            self._wire.put_back(self._framed.seen)
            async for _ in self._response.aiter_stream():
                pass

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            if isinstance(self._wire, AsyncConnection):
                self._wire.released()
            with as_httpx():
                try:
                    await self._response.aclose()
                finally:
                    await self._give_back()


class _Chunked:
    """A body in chunks.

    Attributes:
        over: Whether it has ended.
        reusable: Whether its connection may serve another request.
        seen: What the parser is to read of it, so that it knows that it has ended.
    """

    seen = b"0\r\n\r\n"

    def __init__(self) -> None:
        self._chunks = ChunkedBody()
        self.over = self.reusable = False

    def feed(self, data: bytes) -> bytes:
        if not data:
            raise httpx2.RemoteProtocolError(_CUT)
        try:
            block = self._chunks.feed(data)
        except FramingError as error:
            raise httpx2.RemoteProtocolError(str(error)) from None
        self.over = self._chunks.over
        self.reusable = self.over and not self._chunks.excess
        return block


class _Sized:
    """A body whose length is known; the parser reads a short one too."""

    def __init__(self, size: int) -> None:
        self._left = size
        self.over = not size
        self.reusable = size <= _MOST_SEEN_TWICE
        self.seen = b""

    def feed(self, data: bytes) -> bytes:
        if not data:
            raise httpx2.RemoteProtocolError(_SHORT)
        block, excess = data[: self._left], data[self._left :]
        self._left -= len(block)
        self.over = not self._left
        if self.reusable:
            self.seen += block
            self.reusable = not excess
        return block


class _UntilClosed:
    """A body that ends with its connection."""

    over = reusable = False
    seen = b""

    def feed(self, data: bytes) -> bytes:
        self.over = not data
        return data


def _framed(response: httpcore2.Response) -> _Chunked | _Sized | _UntilClosed | None:
    """Give what reads a body, or None where httpcore's parser is to read it."""
    headers = [(name.lower(), value.strip().lower()) for name, value in response.headers]
    coding = [value for name, value in headers if name == b"transfer-encoding"]
    sizes = {value for name, value in headers if name == b"content-length"}
    if response.status in _NO_BODY:
        return None
    if coding == [b"chunked"] and response.extensions.get("http_version") == b"HTTP/1.1":
        return _Chunked()
    if coding or len(sizes) > 1:
        return None
    return _Sized(int(sizes.pop())) if sizes else _UntilClosed()


def _packing(response: httpcore2.Response) -> bytes:
    """Give how a body is packed, nothing if it is not."""
    found = [value for name, value in response.headers if name.lower() == b"content-encoding"]
    coding = b",".join(found).strip().lower()
    return b"" if coding == b"identity" else coding


@contextmanager
def as_httpx() -> Generator[None, None, None]:
    """Raise httpcore's errors as httpx's of the same name."""
    try:
        yield
    except Exception as error:  # httpcore's have no class of their own in common
        kind = getattr(httpx2, type(error).__name__, None)
        if kind is None or not type(error).__module__.startswith("httpcore2"):
            raise
        raise kind(str(error)) from error
