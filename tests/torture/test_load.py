"""Many replies at once from one predict: every text exact, and nothing left of them."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from chatadapters import Retry, Timeout
from chatadapters.testing.faults import Answer, Ask, FaultServer, scenario
from tests.http_backends import BACKENDS
from tests.torture.test_leaks import files, settled

_REPLIES = 500
_THREADS = 64
_ROUNDS = 3
_WORDS = 12
_PARTS = ("_connection", "_framing", "_network", "_proxies", "_reuse", "_routes")
_KEPT = tuple(f"chatadapters.{part}" for part in _PARTS)  # idle connections
_OTHERS = ("chatadapters.testing", *_KEPT)
_PATIENCE = {"timeout": Timeout(connect=60, first=60, idle=60), "retry": Retry(wait=0.01)}


@scenario("exact")
def echo(ask: Ask) -> Answer:
    """The question, word by word, so that no reply is like another."""
    pieces = ask.healthy(said(_asked(ask.body)))
    return Answer([step for piece in pieces for step in (piece, 0.001)])


def said(question: str) -> list[str]:
    return [f"{question}.{n} " for n in range(_WORDS)]


def _asked(body: Any) -> str:
    """Find the question in the body of any API."""
    text = str(body)
    return text[text.index("<<") + 2 : text.index(">>")]


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.mark.parametrize("backend", BACKENDS)
async def test_five_hundred_replies_on_one_loop(backend: str, server: FaultServer) -> None:
    """Each is the whole answer to its own question; connections and tasks are gone afterwards."""
    dialect, make = BACKENDS[backend]
    predict = make(server.url(echo, dialect), **_PATIENCE).aio
    tasks, before = asyncio.all_tasks(), files()

    async def one(number: int) -> None:
        *_, text = [value async for value in predict(f"<<{number}>>", [])]
        assert text == "".join(said(str(number)))

    await asyncio.gather(*map(one, range(_REPLIES)))
    await predict.close()
    assert asyncio.all_tasks() == tasks
    assert await asyncio.to_thread(settled, lambda: server.connections, 0) == 0
    gc.collect()
    assert await asyncio.to_thread(settled, lambda: files() - before, set()) == set()


def _on_threads(predict: Any, name: str) -> list[str]:
    """Ask from all threads at once; give the wrong answers."""
    wrong: list[str] = []
    barrier = threading.Barrier(_THREADS)

    def work(number: int) -> None:
        question = f"{name}-{number}"
        barrier.wait()
        *_, text = predict(f"<<{question}>>", [])
        if text != "".join(said(question)):
            wrong.append(text)

    threads = [threading.Thread(target=work, args=[number]) for number in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


@pytest.mark.parametrize("backend", BACKENDS)
def test_sixty_four_threads_on_one_predict(backend: str, server: FaultServer) -> None:
    """Each thread has its own answer; objects, threads and connections are flat afterwards."""
    dialect, make = BACKENDS[backend]
    url = server.url(echo, dialect)
    predict = make(url, **_PATIENCE)
    threads = {*threading.enumerate()}
    held = []
    for number in range(_ROUNDS):
        assert _on_threads(predict, str(number)) == []
        held.append(_objects_of_replies())
    assert held == [held[0]] * _ROUNDS
    predict.close()
    assert settled(lambda: server.connections, 0) == 0
    assert settled(lambda: {*threading.enumerate()} - threads, set()) == set()


def _objects_of_replies() -> Counter[str]:
    """Count what there is of each class of ours, but for the server and kept connections."""
    gc.collect()
    kinds = [type(each) for each in gc.get_objects()]
    names = [f"{kind.__module__}.{kind.__qualname__}" for kind in kinds]
    return Counter(
        name for name in names if name.startswith("chatadapters.") and not name.startswith(_OTHERS)
    )
