"""Connections in asyncio for httpcore that let a body be read without its parser.

The twin of `_network`. Data is taken from asyncio's transports as it comes, with nothing between.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

import httpcore2

from ._framing import Head
from ._happy_eyeballs import connected
from ._network import as_httpcore
from ._reuse import Reuse
from ._slices import IN, ready
from ._turns import Bound

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    #: Takes a piece of a body, nothing at the end of the connection. It gives True when the body
    #: is over, and what to wait for when nobody has room for more.
    Take: TypeAlias = Callable[[bytes], bool | asyncio.Future[None] | None]

_MOST_WAITING = 256 * 1024  # bytes; beyond them the network waits
_MOST_UNSENT = 64 * 1024

#: What a loop reads into, one for all its connections, because each read is taken out at once. A
#: protocol without one has asyncio ask the system for 256 KiB with every read, which takes longer
#: than all else that a token needs.
_buffers: WeakKeyDictionary[asyncio.AbstractEventLoop, memoryview] = WeakKeyDictionary()


def _buffer_of(loop: asyncio.AbstractEventLoop) -> memoryview:
    if loop not in _buffers:
        _buffers[loop] = memoryview(bytearray(64 * 1024))
    return _buffers[loop]


class AsyncNetwork(httpcore2.AsyncNetworkBackend):
    """Makes connections in the running event loop."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: object = None,  # noqa: ARG002 - ours set none
    ) -> AsyncConnection:
        loop = asyncio.get_running_loop()
        with as_httpcore(httpcore2.ConnectTimeout, httpcore2.ConnectError):
            async with Bound(timeout):
                if isinstance(loop, asyncio.BaseEventLoop):
                    where: dict[str, Any] = {"sock": await connected(host, port, local_address)}
                else:  # uvloop's may lose a socket that is given to it, but none of its own
                    local = (local_address, 0) if local_address else None
                    where = {"host": host, "port": port, "local_addr": local}
                _, made = await loop.create_connection(lambda: AsyncConnection(loop), **where)
        return made

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError  # only httpcore's own retries sleep, and they are off


class AsyncConnection(asyncio.BufferedProtocol, httpcore2.AsyncNetworkStream):
    """One connection, which the parser reads through `read` and a body through `receive`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._buffer = _buffer_of(loop)
        self._transport: Any = None
        self._blocks: list[bytes] = []
        self._waiting = 0  # bytes in them
        self._unsent = b""
        self._paused = False
        self._ended = False
        self._error: Exception | None = None
        self._wanted: asyncio.Future[None] | None = None
        self._take: Take | None = None
        self._writable: asyncio.Future[None] | None = None
        self._head = Head()
        self._shown = False  # whether the parser saw more than the head
        self._reuse = Reuse()
        self._silence: float | None = None
        self._asked = 0.0  # when the reader began to wait
        self._timer: asyncio.TimerHandle | None = None

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - it need not be heeded
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        data = bytes(self._buffer[:nbytes])
        if self._take is not None:
            self._hand_over(data)
            return
        self._blocks.append(data)
        self._waiting += len(data)
        if self._wanted is not None:
            _wake(self._wanted)
        elif self._waiting > _MOST_WAITING:
            self._paused = True
            self._transport.pause_reading()

    def eof_received(self) -> None:
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._error = exc
        self._end()
        _wake(self._writable)

    def _end(self) -> None:
        self._ended = True
        if self._take is not None and self._error is None:
            self._hand_over(b"")
        elif self._take is not None:
            _fail(self._wanted, self._error)
        else:
            _wake(self._wanted)

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        _wake(self._writable)
        self._writable = None

    # What httpcore calls

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read for the parser, up to the end of a head."""
        if self._unsent:
            with suppress(httpcore2.WriteError):  # the server may have answered all the same
                await self._send(timeout)
        self._shown = self._head.over
        with self._reuse.answer(), as_httpcore(httpcore2.ReadTimeout, httpcore2.ReadError):
            if not self._has_come():
                async with Bound(timeout):
                    await self._arrival()
            data = self._next()
        self._reuse.came(data)
        end = min(max_bytes, len(data) if self._shown else self._head.cut(data[:max_bytes]))
        self._put_first(data[end:])
        return data[:end]

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send a part of a request; a response with a new head follows."""
        self._reuse.asks(self._head)
        self._head, self._shown = Head(), False
        self._unsent += buffer
        if len(self._unsent) > _MOST_UNSENT:
            await self._send(timeout)

    async def _send(self, timeout: float | None) -> None:
        """Send what was written: a head and a small body go together."""
        data, self._unsent = self._unsent, b""
        self._reuse.sends()
        with as_httpcore(httpcore2.WriteTimeout, httpcore2.WriteError):
            if self._ended:
                raise self._error or BrokenPipeError("the server has closed the connection")
            self._transport.write(data)
            if self._writable is not None:
                async with Bound(timeout):
                    await self._writable
                if self._error is not None:
                    raise self._error

    async def aclose(self) -> None:
        self.released()
        self._transport.abort()
        await asyncio.sleep(0)  # that is when it closes its socket

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            with as_httpcore(httpcore2.ConnectTimeout, httpcore2.ConnectError):
                async with Bound(timeout):
                    self._transport = await self._loop.start_tls(
                        self._transport, self, ssl_context, server_hostname=server_hostname
                    )
        except BaseException:
            self._transport.abort()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        match info:
            case "is_readable":  # so is an idle connection that was closed, or is not in step
                # The loop may have been too busy to read, so the socket is asked as well.
                return self._has_come() or ready(self._transport.get_extra_info("socket"), IN, 0)
            case "ssl_object" | "socket":
                return self._transport.get_extra_info(info)
            case "client_addr":
                return self._transport.get_extra_info("sockname")
            case "server_addr":
                return self._transport.get_extra_info("peername")
        return None

    # What reads the body

    def take_over(self, silence: float | None) -> bool:
        """Read the body from here on; False if the parser has seen some of it.

        Args:
            silence: The longest wait for more of it, in seconds.
        """
        self._silence = silence
        return not self._shown

    async def receive(self) -> bytes:
        """Give more of the body, nothing at the end of the connection."""
        self._watch()
        with as_httpcore(httpcore2.ReadTimeout, httpcore2.ReadError):
            if not self._has_come():
                await self._arrival()
            return self._next()

    async def pour(self, take: Take) -> None:
        """Give what comes to `take` the moment it comes, until the body is over.

        No task is woken in between, which would take longer than all else.
        """
        self._watch()
        data = self._taken()
        self._wanted, self._take = self._loop.create_future(), take
        try:
            if data:
                self._hand_over(data)
            if self._ended:
                self._end()
            with as_httpcore(httpcore2.ReadTimeout, httpcore2.ReadError):
                await self._wanted
        finally:
            self._wanted = self._take = None

    def _hand_over(self, data: bytes) -> None:
        assert self._take is not None
        self._asked = self._loop.time()
        try:
            told = self._take(data)
        except Exception as error:  # raised where the end of the body is awaited
            self._take = None
            _fail(self._wanted, error)
            return
        if told is True:
            self._take = None
            _wake(self._wanted)
        elif told:
            self._paused = True
            self._transport.pause_reading()
            told.add_done_callback(self._go_on)

    def _go_on(self, _room: object = None) -> None:
        self._asked = self._loop.time()
        if self._paused:
            self._paused = False
            self._transport.resume_reading()

    def _watch(self) -> None:
        """Begin to wait; one timer serves a whole body."""
        if self._silence is not None:
            self._asked = self._loop.time()
            if self._timer is None:
                self._timer = self._loop.call_later(self._silence, self._check)

    def released(self) -> None:
        """Note that the body is no longer read."""
        self._silence = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check(self) -> None:
        """End a wait that was too long; what the consumer has no room for is not waited for."""
        self._timer = None
        if self._silence is None or self._wanted is None or self._wanted.done():
            return
        left = self._asked + self._silence - self._loop.time()
        if self._paused or left > 0:
            left = self._silence if self._paused else left
            self._timer = self._loop.call_later(left, self._check)
        else:
            _fail(self._wanted, TimeoutError("timed out"))

    def put_back(self, data: bytes) -> None:
        """Let the parser read this next."""
        self._put_first(data)
        self._shown = True

    def _has_come(self) -> bool:
        return self._ended or bool(self._blocks)

    async def _arrival(self) -> None:
        self._wanted = self._loop.create_future()
        try:
            await self._wanted
        finally:
            self._wanted = None

    def _next(self) -> bytes:
        """Take all that has come."""
        if not self._blocks and self._error is not None:
            raise self._error
        return self._taken()

    def _taken(self) -> bytes:
        blocks, self._blocks, self._waiting = self._blocks, [], 0
        self._go_on()
        return blocks[0] if len(blocks) == 1 else b"".join(blocks)

    def _put_first(self, data: bytes) -> None:
        if data:
            self._blocks.insert(0, data)
            self._waiting += len(data)


def _wake(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)


def _fail(future: asyncio.Future[None] | None, error: Exception | None) -> None:
    if future is not None and error is not None and not future.done():
        future.set_exception(error)
