"""Many clients at once, slow ones, and a thousand that go away: nothing grows, nothing is left."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2
import pytest

from chatadapters import Finish, make_predict
from chatadapters.server import _out
from chatadapters.testing import Pause, ScriptedBackend
from tests.server.serving import ASK, CHAT, ask, eventually, scripted, serving

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

STREAM = {**ASK, "stream": True}


class Endless(ScriptedBackend):
    """Streams text for ever, as fast as it is taken or with pauses, and counts it."""

    def __init__(self, piece: str, pause: float = 0) -> None:
        super().__init__("")
        object.__setattr__(self, "piece", piece)
        object.__setattr__(self, "pause", pause)
        object.__setattr__(self, "given", [0])

    async def astream(self, payload: Any, timeout: Any) -> AsyncGenerator[Any, None]:
        self.requests.append(payload)
        try:
            while True:
                self.given[0] += 1  # type: ignore[attr-defined]
                yield self.piece  # type: ignore[attr-defined]
                await asyncio.sleep(self.pause)  # type: ignore[attr-defined]
        finally:
            self.closed.append(None)


def texts(lines: list[str]) -> str:
    """Give the text of a stream's events."""
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines if line[6:7] == "{"]
    return "".join(choice["delta"].get("content", "") for c in chunks for choice in c["choices"])


async def read(http: httpx2.AsyncClient, url: str) -> str:
    async with http.stream("POST", url + CHAT, json=STREAM) as answer:
        return texts([line async for line in answer.aiter_lines()])


def clients() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(limits=httpx2.Limits(max_connections=None), timeout=60, verify=False)


def resident() -> int:
    """Give the memory of this process, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_two_hundred_streams_at_once_are_each_exact() -> None:
    """No stream is mixed with another."""
    script = [*(f"{number} " for number in range(50)), Finish("stop")]

    async def many(url: str) -> list[str]:
        async with clients() as http:
            return await asyncio.gather(*(read(http, url) for _ in range(200)))

    with serving({"m": scripted(script)}) as url:
        assert set(asyncio.run(many(url))) == {"".join(script[:-1])}


def test_readers_that_do_not_read_hold_nothing_up_and_no_memory() -> None:
    """Twenty of them stop their own streams, in bounded memory; the others' come at once."""
    endless = Endless("x" * 20_000)
    predicts = {"m": make_predict(endless), "n": scripted("Hello you")}
    with serving(predicts) as url:
        before = resident()
        stuck = [ask(url, STREAM, 4096) for _ in range(20)]
        assert eventually(lambda: len(endless.requests) == len(stuck))
        assert eventually(lambda: _stands_still(endless))
        held, grown = endless.given[0], resident() - before  # type: ignore[attr-defined]
        answer = httpx2.post(url + CHAT, json={**STREAM, "model": "n"}, timeout=30)
        assert texts(answer.text.splitlines()) == "Hello you"
        for connection in stuck:
            connection.close()
        assert eventually(lambda: len(endless.closed) == len(stuck))
    # The kernel holds some megabytes for each of them, and we hold next to nothing.
    assert held * 20_000 < len(stuck) * 10 * 2**20
    assert grown < len(stuck) * 2 * 2**20


def _stands_still(endless: Endless) -> bool:
    before = endless.given[0]  # type: ignore[attr-defined]
    time.sleep(0.5)
    return bool(before) and endless.given[0] == before  # type: ignore[attr-defined]


def test_a_reader_that_never_reads_loses_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while its stream is closed and another client is let in."""
    monkeypatch.setattr(_out, "TAKE_SECONDS", 0.5)
    endless = Endless("x" * 1000)
    with (
        serving({"m": make_predict(endless), "n": scripted("x")}, max_concurrency=1) as url,
        ask(url, STREAM, 4096),
    ):
        assert eventually(lambda: endless.closed)
        answer = httpx2.post(url + CHAT, json={**ASK, "model": "n"}, timeout=30)
        assert answer.status_code == 200


def test_a_silent_provider_keeps_the_connection_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comments come while it thinks, before the first text and after, and clients skip them."""
    monkeypatch.setattr(_out, "PING_SECONDS", 0.1)
    script = [Pause(0.5), "Hello", Pause(0.5), " you", Finish("stop")]
    with serving({"m": scripted(script)}) as url:
        answer = httpx2.post(url + CHAT, json=STREAM, timeout=30)
    lines = answer.text.splitlines()
    assert lines.count(": still here") >= 4
    assert lines[0] == ": still here"
    assert texts(lines) == "Hello you"


def test_a_thousand_clients_that_go_away_leave_nothing() -> None:
    """Whether before the body, in silence or in mid-stream: streams, tasks and sockets are gone."""
    others = _tasks()
    # Not faster: the clients are in the same interpreter and would wait for it at every call.
    flowing = Endless("x" * 100, pause=0.02)
    silent = ScriptedBackend(["Hel", Pause(600)])
    with serving({"m": make_predict(flowing), "silent": make_predict(silent)}) as url:
        _leave(url, 20)  # whatever is made once is made now
        assert eventually(lambda: len(flowing.closed) == len(silent.closed) == 20)
        gc.collect()
        descriptors, threads, memory = _open(), threading.active_count(), resident()
        for _ in range(10):
            _leave(url, 33)
        assert eventually(lambda: len(flowing.closed) == len(silent.closed) == 20 + 330)
        assert eventually(lambda: _open() <= descriptors)
        assert eventually(lambda: threading.active_count() <= threads)
        assert resident() - memory < 50 * 2**20
        assert httpx2.get(f"{url}/health").status_code == 200
        assert eventually(lambda: len(_tasks() - others) <= 2), _tasks() - others
        # They are the server itself and its lifespan.


def _leave(url: str, times: int) -> None:
    """Let so many clients of each kind come and go: after half a head, in silence, in a stream."""
    parts = urlsplit(url)
    kinds = [
        *(_asked(parts, model) for model in ("m", "silent") for _ in range(times)),
        *(socket.create_connection((parts.hostname, parts.port)) for _ in range(times)),
    ]
    for connection in kinds[: 2 * times]:
        assert connection.recv(20).startswith(b"HTTP/1.1 200")
    for connection in kinds[2 * times :]:
        connection.sendall(
            f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{{".encode()
        )
    for connection in kinds:
        connection.close()


def _asked(parts: Any, model: str) -> socket.socket:
    body = json.dumps({**STREAM, "model": model}).encode()
    connection = socket.create_connection((parts.hostname, parts.port), timeout=30)
    head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection


def _open() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _tasks() -> set[asyncio.Task[Any]]:
    """Give the tasks of every loop of this process that are not done."""
    # `isinstance` would ask proxies for their class, and OpenAI's import all of it for that.
    tasks = [each for each in gc.get_objects() if issubclass(type(each), asyncio.Task)]
    return {task for task in tasks if not task.done()}
