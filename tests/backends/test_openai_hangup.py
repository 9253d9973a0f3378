"""Requests of the OpenAI backend end when nobody waits for them any more."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import openai
import pytest
import trustme

from chatadapters import Timeout
from chatadapters.backends import _openai_clients
from chatadapters.backends.openai import OpenAIBackend
from tests.backends.openai_fetch import HI, KEY, REPLY
from tests.backends.served import HOLD, Served, answer


def abort_when(stream: Any, ready: Callable[[], bool], count: int = 0) -> tuple[list[bytes], float]:
    """Read a stream in a thread, abort it when ready and so many blocks have come.

    Returns:
        What came, and how long the abort took.
    """
    blocks: list[bytes] = []

    def read() -> None:
        for block in stream:
            blocks.append(block)
        stream.close()

    thread = threading.Thread(target=read)
    thread.start()
    while not ready() or len(blocks) < count:
        time.sleep(0.01)
    time.sleep(0.05)
    began = time.monotonic()
    stream.abort()
    thread.join()
    return blocks, time.monotonic() - began


@pytest.fixture(params=["http", "https"])
def tls(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """Give the server's TLS settings, or None, with a client that trusts it."""
    if request.param == "http":
        return None
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    trusting = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    monkeypatch.setattr(_openai_clients, "tls_settings", lambda: trusting)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.parametrize("kept", [False, True], ids=["new connection", "kept connection"])
@pytest.mark.parametrize("begun", [False, True], ids=["before the answer", "in mid-answer"])
def test_a_blocked_read_is_hung_up(begun: bool, kept: bool, tls: Any) -> None:
    """From another thread, at any moment, and the server knows at once."""
    held: list[bytes | None] = answer(REPLY[0], HOLD) if begun else [HOLD]
    with Served([answer(*REPLY), held] if kept else [held], tls=tls) as server:
        backend = OpenAIBackend("m", base_url=server.url)
        payload = backend.build(HI, {})
        if kept:
            list(backend.stream(payload, Timeout()))
        stream = backend.stream(payload, Timeout())
        blocks, seconds = abort_when(stream, lambda: len(server.requests) == 1 + kept, begun)
        assert server.left.wait(5)
        assert blocks == ([REPLY[0]] if begun else [])
        assert seconds < 2
        assert {request.connection for request in server.requests} == {1}
        server.answers.append(answer(*REPLY))
        assert b"".join(backend.stream(payload, Timeout())) == b"".join(REPLY)
        backend.close()


def test_a_ready_made_client_is_hung_up_in_mid_answer() -> None:
    """Its socket is known as soon as the server answers."""
    with (
        Served([answer(REPLY[0], HOLD)]) as server,
        openai.OpenAI(api_key=KEY, base_url=server.url) as client,
    ):
        backend = OpenAIBackend("m", client=client)
        stream = backend.stream(backend.build(HI, {}), Timeout())
        assert next(stream) == REPLY[0]
        blocks, _ = abort_when(stream, lambda: True)
        assert blocks == []
        assert server.left.wait(5)


@pytest.mark.parametrize("begun", [False, True], ids=["before the answer", "in mid-answer"])
async def test_a_cancelled_task_hangs_up(begun: bool) -> None:
    """The async twin needs no help: cancelling is enough."""
    with Served([answer(REPLY[0], HOLD) if begun else [HOLD]]) as server:
        backend = OpenAIBackend("m", base_url=server.url)

        async def read() -> None:
            async for _ in backend.astream(backend.build(HI, {}), Timeout()):
                pass

        task = asyncio.create_task(read())
        assert await asyncio.to_thread(server.came.wait, 60)  # what is imported first takes time
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.left.wait, 5)
        await backend.aclose()


async def test_a_closed_generator_hangs_up() -> None:
    """Also one that is left in the middle."""
    with Served([answer(REPLY[0], HOLD)]) as server:
        backend = OpenAIBackend("m", base_url=server.url)
        async with aclosing(backend.astream(backend.build(HI, {}), Timeout())) as blocks:
            assert await anext(blocks) == REPLY[0]
        assert await asyncio.to_thread(server.left.wait, 5)
        await backend.aclose()
