"""Bodies that are poured: handed over the moment they come, with no task in between."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from functools import partial
from itertools import pairwise
from typing import Any

import httpx2
import pytest

from chatadapters._feed import End
from chatadapters._feed_async import AsyncFeed
from chatadapters._http import apost
from chatadapters._http_clients import http_clients
from chatadapters._policies import Timeout
from chatadapters._post import Post
from chatadapters._pour import PouredStream

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECE = b"x" * 65536
PIECES = 480  # 30 MiB, more than all buffers below us


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve one request by a function that has its connection."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            while b"\r\n\r\n{}" not in (got := connection.recv(65536)):
                assert got
            answer(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(30)


def stream(url: str, timeout: Timeout | None = None) -> PouredStream:
    return PouredStream(partial(apost, http_clients().aio(), Post(url, {}), timeout or Timeout()))


def keep(taken: list[bytes]) -> Callable[..., None]:
    return lambda block, _whole=False: taken.append(block)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class Flood:
    """An answer that is longer than all buffers."""

    def __init__(self) -> None:
        self.sent = 0

    def __call__(self, connection: socket.socket) -> None:
        connection.sendall(HEAD)
        for _ in range(PIECES):
            connection.sendall(chunk(PIECE))
            self.sent += 1
        connection.sendall(b"0\r\n\r\n")


async def settled(flood: Flood) -> int:
    """Wait until the server can send no more."""
    seen = -1
    while flood.sent > seen:
        seen = flood.sent
        await asyncio.sleep(0.3)
    return seen


async def test_a_slow_consumer_holds_the_network_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody has room for stays at the server, and that wait is no silence of the server."""
    monkeypatch.setattr("chatadapters._post._SLACK", 0.0)
    flood, taken = Flood(), bytearray()
    room = asyncio.get_running_loop().create_future()

    def put(block: bytes, _whole: bool = False) -> asyncio.Future[None] | None:
        taken.extend(block)
        return None if room.done() else room

    with answering(flood) as url:
        poured = stream(url, Timeout(first=1, idle=1))
        task = asyncio.create_task(poured.pour(put))
        assert await settled(flood) < PIECES
        await asyncio.sleep(1)  # longer than a server may be silent
        assert len(taken) < 2**20
        room.set_result(None)
        await task
    assert bytes(taken) == PIECE * PIECES


async def test_silence_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that says nothing more is given up on."""
    monkeypatch.setattr("chatadapters._post._SLACK", 0.0)
    over = threading.Event()

    def silent(connection: socket.socket) -> None:
        connection.sendall(HEAD + chunk(b"a"))
        over.wait(30)

    taken: list[bytes] = []
    with answering(silent) as url:
        with pytest.raises(httpx2.ReadTimeout):
            await stream(url, Timeout(first=1, idle=1)).pour(keep(taken))
        over.set()
    assert taken == [b"a"]


@pytest.mark.parametrize(
    ("rest", "given"), [(b"", b"a"), (b"5\r\nab", b"aab"), (b"nonsense\r\n", b"")]
)
async def test_a_body_that_breaks_is_an_error(rest: bytes, given: bytes) -> None:
    """What came before a cut is handed over; a block that is not framed as HTTP wants it is not."""
    taken: list[bytes] = []
    with (
        answering(lambda connection: connection.sendall(HEAD + chunk(b"a") + rest)) as url,
        pytest.raises(httpx2.RemoteProtocolError),
    ):
        await stream(url).pour(keep(taken))
    assert b"".join(taken) == given


async def test_a_body_may_be_cut_anywhere() -> None:
    """Head, sizes and content come in any pieces, also with the head."""
    whole = HEAD + chunk(b"Hel") + chunk(b"lo") + b"0\r\n\r\n"
    for cut in range(1, len(whole), 7):
        seen = threading.Event()

        def in_two(connection: socket.socket, cut: int = cut, seen: threading.Event = seen) -> None:
            for start, stop in pairwise((0, cut, len(whole))):
                connection.sendall(whole[start:stop])
                seen.wait(0.01)

        taken: list[bytes] = []
        with answering(in_two) as url:
            await stream(url).pour(keep(taken))
        assert b"".join(taken) == b"Hello", cut


async def test_what_takes_it_may_fail() -> None:
    """An error of the consumer ends the pouring, not the event loop's own reading."""

    def broken(block: bytes, _whole: bool = False) -> None:
        raise ValueError(block)

    with (
        answering(lambda connection: connection.sendall(HEAD + chunk(b"a"))) as url,
        pytest.raises(ValueError, match="a"),
    ):
        await stream(url).pour(broken)


@pytest.mark.parametrize("pieces", [300, 1])
async def test_what_may_not_be_shown_yet_is_not_read_yet(pieces: int) -> None:
    """Hundreds of small pieces in one wait are read at once at its end, none is late or lost."""
    dripped, said = threading.Event(), threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(HEAD + chunk(b"a"))
        for _ in range(pieces):
            connection.sendall(chunk(b"b"))
            time.sleep(0.001)
        dripped.set()
        said.wait(30)
        connection.sendall(b"0\r\n\r\n")

    with answering(drip) as url:
        async with aclosing(AsyncFeed(lambda: stream(url), 2**20)) as feed:
            feed.start()
            chunks, _ = await feed.get(time.monotonic() + 30)
            more: list[Any] = []
            while True:  # once, unless the machine is too busy to say them all in that time
                new, _ = await feed.get(time.monotonic() + 2, gather=True)
                assert len(new) < 10
                more += new
                if dripped.is_set():
                    break
            said.set()
            rest, end = await feed.get(time.monotonic() + 30, gather=True)
    assert b"".join([*chunks, *more]) == b"a" + b"b" * pieces
    assert not b"".join(rest)
    assert end == End(None)
