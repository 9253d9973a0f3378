"""How a blocked read ends: from another thread, by a cancelled task, at any moment."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from contextlib import aclosing
from typing import TYPE_CHECKING

import httpx2
import pytest

from chatadapters._abort import AbortableStream, Hangup, this_request, watch_request
from chatadapters._http_clients import http_clients
from chatadapters._policies import Timeout
from chatadapters._post import Post
from tests.posting import OK, OPEN, apost_stream, post_stream, serving, tls

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

__all__ = ["tls"]


def stall_before_headers(connection: socket.socket) -> None:
    """Say nothing at all."""


def stall_in_the_body(connection: socket.socket) -> None:
    """Say the head and one block."""
    connection.sendall(OPEN + b"data: 1\n\n")


class Reading(threading.Thread):
    """Reads a stream to its end in a thread, as the core does."""

    def __init__(self, stream: Iterator[bytes]) -> None:
        super().__init__(daemon=True)
        self.stream = stream
        self.got: list[bytes] = []
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            for block in self.stream:
                self.got.append(block)
        except BaseException as error:
            self.error = error


@pytest.mark.parametrize("stall", [stall_before_headers, stall_in_the_body])
def test_abort_frees_a_blocked_read(
    stall: Callable[[socket.socket], None], tls: ssl.SSLContext | None
) -> None:
    """Another thread ends a read at once, before the headers too, and the server sees it go."""

    def script(connection: socket.socket) -> None:
        stall(connection)
        server.wait_until_gone(connection)

    clients = http_clients()
    with serving(script, tls) as server:
        stream = post_stream(clients.sync(), Post(server.url, {}), Timeout())
        reading = Reading(stream)
        assert server.asked.wait(10)
        time.sleep(0.05)
        stream.abort()
        reading.join(10)
        assert not reading.is_alive()
        assert reading.error is None
        assert server.gone.wait(10)


def test_abort_before_the_first_read_sends_nothing() -> None:
    """A stream that is aborted before it began makes no request."""
    with serving(OK) as server:
        stream = post_stream(http_clients().sync(), Post(server.url, {}), Timeout())
        stream.abort()
        assert list(stream) == []
        stream.close()
    assert not server.requests


class Network:
    """A network stream as httpcore gives it."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def get_extra_info(self, info: str) -> socket.socket:
        return self.connection


def test_abort_while_connecting_hangs_up_at_once() -> None:
    """A socket that becomes known after the abort is shut down then."""
    ours, theirs = socket.socketpair()
    hangup = Hangup()
    hangup.abort()

    hangup.trace("connection.connect_tcp.complete", {"return_value": Network(ours)})
    with ours, theirs:
        assert theirs.recv(1) == b""


def test_abort_after_the_end_touches_nothing() -> None:
    """When the answer has been read, its connection is no longer ours to shut down."""
    ours, theirs = socket.socketpair()

    def blocks(hangup: Hangup) -> Generator[bytes, None, None]:
        hangup.answered(httpx2.Response(200, extensions={"network_stream": Network(ours)}))
        yield b"x"

    with ours, theirs:
        stream = AbortableStream(blocks)
        assert list(stream) == [b"x"]
        stream.abort()
        ours.sendall(b"still open")
        assert theirs.recv(100) == b"still open"


@pytest.mark.parametrize("inner", [[b"key"], []])
def test_a_request_within_a_request_leaves_it_to_go_on(inner: list[bytes]) -> None:
    """A key may be what another stream says; then the connection is the outer one's again."""
    seen: list[Hangup | None] = []

    def blocks(hangup: Hangup) -> Generator[bytes, None, None]:
        list(AbortableStream(lambda _: (block for block in inner)))
        seen.extend((hangup, this_request()))
        yield b"x"

    assert list(AbortableStream(blocks)) == [b"x"]
    assert seen[0] is seen[1]
    assert this_request() is None


@pytest.mark.parametrize("stall", [stall_before_headers, stall_in_the_body])
def test_abort_through_an_sdk_client(stall: Callable[[socket.socket], None]) -> None:
    """With the request hook, a client of an SDK is freed before its answer came, too."""

    def script(connection: socket.socket) -> None:
        stall(connection)
        server.wait_until_gone(connection)

    def blocks(hangup: Hangup) -> Generator[bytes, None, None]:
        with client.stream("POST", server.url, json={}) as response:
            hangup.answered(response)
            yield from response.iter_bytes()

    with (
        serving(script) as server,
        httpx2.Client(event_hooks={"request": [watch_request]}) as client,
    ):
        stream = AbortableStream(blocks)
        reading = Reading(stream)
        assert server.asked.wait(10)
        time.sleep(0.05)
        stream.abort()
        reading.join(10)
        assert (reading.is_alive(), reading.error) == (False, None)


@pytest.mark.parametrize("stall", [stall_before_headers, stall_in_the_body])
async def test_cancelling_frees_the_connection(stall: Callable[[socket.socket], None]) -> None:
    """A cancelled task closes its connection, before the headers too."""

    def script(connection: socket.socket) -> None:
        stall(connection)
        server.wait_until_gone(connection)

    clients = http_clients()

    async def reading() -> None:
        async with aclosing(apost_stream(clients.aio(), Post(server.url, {}), Timeout())) as blocks:
            async for _ in blocks:
                pass

    with serving(script) as server:
        task = asyncio.create_task(reading())
        assert await asyncio.to_thread(server.asked.wait, 10)
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await asyncio.to_thread(server.gone.wait, 10)
    await clients.aclose()
