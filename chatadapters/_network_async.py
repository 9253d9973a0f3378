"""Bytes over the network in asyncio, handed over the moment they come.

The twin of `_network`. Data is taken from asyncio's transports, with nothing between.
"""

from __future__ import annotations

import asyncio
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import httpx2

from ._forks import cut_off, forget_in_forks
from ._happy_eyeballs_async import connected
from ._network import Raised
from ._reuse import Reuse
from ._slices import IN, ready
from ._turns import Bound, after_turns

if TYPE_CHECKING:
    import ssl

    from ._framing import BodyReader
    from ._pour import Put

_MOST_WAITING = 256 * 1024  # bytes; beyond them the network waits

#: What a loop reads into, one for all its connections, because each read is taken out at once. A
#: protocol without one has asyncio ask the system for 256 KiB with every read, which takes longer
#: than all else that a token needs.
_buffers: WeakKeyDictionary[asyncio.AbstractEventLoop, memoryview] = WeakKeyDictionary()


def _buffer_of(loop: asyncio.AbstractEventLoop) -> memoryview:
    if loop not in _buffers:
        _buffers[loop] = memoryview(bytearray(64 * 1024))
    return _buffers[loop]


async def connect_tcp(host: str, port: int, timeout: float | None) -> AsyncNetworkStream:
    """Connect to a server in the running event loop, within so many seconds."""
    loop = asyncio.get_running_loop()
    with Raised(httpx2.ConnectTimeout, httpx2.ConnectError):
        async with Bound(timeout):
            if isinstance(loop, asyncio.BaseEventLoop):
                where: dict[str, Any] = {"sock": await connected(host, port)}
            else:  # uvloop's may lose a socket that is given to it, but none of its own
                where = {"host": host, "port": port}
            _, made = await loop.create_connection(lambda: AsyncNetworkStream(loop), **where)
    forget_in_forks(made)
    return made


class AsyncNetworkStream(asyncio.BufferedProtocol):
    """The bytes of one connection, both ways; the twin of `NetworkStream`."""

    __slots__ = (
        "__weakref__", "_asked", "_blocks", "_buffer", "_ended", "_error", "_loop", "_paused",
        "_poured", "_reuse", "_silence", "_timer", "_transport", "_waiting", "_wanted", "_writable",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._buffer = _buffer_of(loop)
        self._transport: Any = None
        self._blocks: list[bytes] = []
        self._waiting = 0  # bytes in them
        self._paused = False
        self._ended = False
        self._error: Exception | None = None
        self._wanted: asyncio.Future[None] | None = None
        self._poured: tuple[BodyReader, Put] | None = None
        self._writable: asyncio.Future[None] | None = None
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
        data = self._buffer[:nbytes].tobytes()
        if self._poured is not None:
            self._hand_over(data, self._poured)
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
        if self._poured is not None and self._error is None:
            self._hand_over(b"", self._poured)
        elif self._poured is not None:
            _fail(self._wanted, self._error)
        else:
            _wake(self._wanted)

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        _wake(self._writable)
        self._writable = None

    # What asks, and reads a head

    async def write(self, data: bytes, timeout: float | None, *, again: bool = False) -> None:
        """Send a request, or what a proxy is told.

        Args:
            data: All of it.
            timeout: How long it may take, in seconds.
            again: Whether the connection was kept from an earlier request.
        """
        self._reuse.sends(again=again)
        with Raised(httpx2.WriteTimeout, httpx2.WriteError):
            if self._ended:
                raise self._error or BrokenPipeError("the server has closed the connection")
            self._transport.write(data)
            if self._writable is not None:
                async with Bound(timeout):
                    await self._writable
                if self._error is not None:
                    raise self._error

    async def read(self, timeout: float | None) -> bytes:
        """Read some of a head, nothing at the end of the connection."""
        self._silence = timeout
        with self._reuse:
            data = await self.receive()
        self._reuse.came(data)
        return data

    def put_back(self, data: bytes) -> None:
        """Let what reads the body have this first."""
        if data:
            self._blocks.insert(0, data)
            self._waiting += len(data)

    def abort(self) -> None:
        """Close it with the next turn of the loop."""
        self.released()
        self._transport.abort()

    async def start_tls(
        self, context: ssl.SSLContext, hostname: str, timeout: float | None
    ) -> None:
        """Speak TLS from here on."""
        try:
            with Raised(httpx2.ConnectTimeout, httpx2.ConnectError):
                async with Bound(timeout):
                    self._transport = await self._loop.start_tls(
                        self._transport, self, context, server_hostname=hostname
                    )
        except BaseException:
            self._transport.abort()
            raise

    def forget(self) -> None:
        """Neither read what is for the parent nor say anything in its name."""
        if not self._ended:
            cut_off(self._transport.get_extra_info("socket").fileno())

    def is_readable(self) -> bool:
        """Say whether something came, such as the end of the connection."""
        # The loop may have been too busy to read, so the socket is asked as well.
        return self._has_come() or ready(self._transport.get_extra_info("socket"), IN, 0)

    # What reads the body

    def begin_body(self, silence: float | None) -> None:
        """Note that the body is read.

        Args:
            silence: The longest wait for more of it, in seconds.
        """
        self._silence = silence

    async def receive(self) -> bytes:
        """Give more of the body, nothing at the end of the connection."""
        self._watch()
        with Raised(httpx2.ReadTimeout, httpx2.ReadError):
            if not self._has_come():
                await self._arrival()
            return self._next()

    async def pour(self, reader: BodyReader, put: Put) -> None:
        """Give the body to `put` the moment it comes, until `reader` says that it is over.

        No task is woken in between, which would take longer than all else.
        """
        self._watch()
        data = self._taken()
        self._wanted, self._poured = self._loop.create_future(), (reader, put)
        try:
            if data:
                self._hand_over(data, self._poured)
            if self._ended:
                self._end()
            with Raised(httpx2.ReadTimeout, httpx2.ReadError):
                await self._wanted
        finally:
            self._wanted = self._poured = None

    def _hand_over(self, data: bytes, poured: tuple[BodyReader, Put]) -> None:
        reader, put = poured
        self._asked = monotonic()
        try:
            block = reader.feed(data)
            room = put(block, True) if block else None
        except Exception as error:  # raised where the end of the body is awaited
            self._poured = None
            _fail(self._wanted, error)
            return
        if reader.over:
            self._poured = None
            _wake(self._wanted)
        elif room is not None:
            self._paused = True
            self._transport.pause_reading()
            room.add_done_callback(self._go_on)

    def _go_on(self, _room: object = None) -> None:
        self._asked = monotonic()
        if self._paused:
            self._paused = False
            self._transport.resume_reading()

    def _watch(self) -> None:
        """Begin to wait; one timer serves a whole answer."""
        if self._silence is not None:
            self._asked = monotonic()
            if self._timer is None:
                self._set_timer(self._silence)

    def _set_timer(self, seconds: float) -> None:
        self._timer = self._loop.call_later(seconds, self._ring)

    def released(self) -> None:
        """Note that the body is no longer read."""
        self._silence = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        after_turns(partial(self._check, self._timer))

    def _check(self, timer: asyncio.TimerHandle | None) -> None:
        """End a wait that was too long; what the consumer has no room for is not waited for."""
        if timer is not self._timer:  # that answer has ended meanwhile
            return
        self._timer = None
        if self._silence is None or self._wanted is None or self._wanted.done():
            return
        left = self._asked + self._silence - monotonic()
        if self._paused or left > 0:
            self._set_timer(self._silence if self._paused else left)
        else:
            _fail(self._wanted, TimeoutError("timed out"))

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


def _wake(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)


def _fail(future: asyncio.Future[None] | None, error: Exception | None) -> None:
    if future is not None and error is not None and not future.done():
        future.set_exception(error)
