"""The server behind the local backend: who shares it, who gets in, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import aclosing, closing
from typing import TYPE_CHECKING

import pytest

from chatadapters._abort import Hangup
from chatadapters._parts import Message
from chatadapters._policies import Timeout
from chatadapters._predict import make_predict
from chatadapters._protocols import Predict
from chatadapters.backends import local
from chatadapters.backends._llama import LlamaConfig, LlamaServer, default_threads
from chatadapters.backends.local import LocalBackend

if TYPE_CHECKING:
    from collections.abc import Iterator


ASKED = "Tell me about the sea."
ONE_THREAD = LocalBackend(n_threads=1)


@pytest.fixture(scope="module")
def predict() -> Iterator[Predict]:
    """The backend on the chat route, short and greedy."""
    predict = make_predict(ONE_THREAD, system="Be brief.", temperature=0, max_tokens=12)
    yield predict
    predict.close()


def busy(backend: LocalBackend) -> bool:
    """Ask the server of a backend whether it computes a reply."""
    with local._servers.sync(backend._config()) as server:
        return server.is_busy()


def wait_until_free(backend: LocalBackend) -> float:
    """Give the seconds until the server computes nothing."""
    start = time.monotonic()
    while busy(backend):
        assert time.monotonic() - start < 10
        time.sleep(0.02)
    return time.monotonic() - start


def test_closing_frees_the_slot(predict: Predict) -> None:
    """A reply that nobody wants any more is not computed further."""
    with closing(predict.using(max_tokens=1500).deltas("Write a long story.")) as deltas:
        next(deltas)
        assert busy(ONE_THREAD)
    assert wait_until_free(ONE_THREAD) < 5


async def test_closing_frees_the_slot_async(predict: Predict) -> None:
    """The same for the async twin."""
    story = predict.aio.using(max_tokens=1500).deltas("Write a long story.")
    async with aclosing(story) as deltas:
        await anext(deltas)
        assert await asyncio.to_thread(busy, ONE_THREAD)
    assert await asyncio.to_thread(wait_until_free, ONE_THREAD) < 5


class WatchedLock:
    """A lock that remembers who took it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.takers: set[threading.Thread] = set()

    def __enter__(self) -> None:
        self.takers.add(threading.current_thread())
        self.lock.acquire()

    def __exit__(self, *error: object) -> None:
        self.lock.release()


async def test_the_event_loop_does_not_wait_for_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that loads a model holds its lock."""
    lock = WatchedLock()
    monkeypatch.setattr(local._servers.state, "lock", lock)
    payload = ONE_THREAD.build([Message("user", "Hi")], {"max_tokens": 2})
    assert [block async for block in ONE_THREAD.astream(payload, Timeout())]
    await ONE_THREAD.aclose()
    assert lock.takers
    assert threading.current_thread() not in lock.takers


async def test_a_task_cancelled_while_a_server_is_lent_gives_it_back() -> None:
    """It waits for a model that another thread loads, and is over before that is done."""
    stream = ONE_THREAD.astream(ONE_THREAD.build([Message("user", "Hi")], {}), Timeout())
    loading, loaded = threading.Event(), threading.Event()

    def load() -> None:
        with local._servers.state.lock:
            loading.set()
            loaded.wait(30)

    thread = threading.Thread(target=load)
    thread.start()
    await asyncio.to_thread(loading.wait, 5)
    try:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(stream), 0.1)
    finally:
        loaded.set()
        await asyncio.to_thread(thread.join)
    for _ in range(200):
        await asyncio.sleep(0.05)
        slot = local._servers.state.shelf.slots.get(ONE_THREAD._config())
        if slot is not None and not slot.users:
            break
    assert slot is not None
    assert not slot.users


def test_two_threads_at_once(predict: Predict) -> None:
    """One backend serves several threads, each its own answer."""
    asked = ["Name a color.", "Count to five."]
    alone = [predict.complete(question).text for question in asked]
    together: dict[str, str] = {}

    def ask(question: str) -> None:
        together[question] = predict.complete(question).text

    threads = [threading.Thread(target=ask, args=(question,)) for question in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert alone[0] != alone[1]
    for question, text in zip(asked, alone, strict=True):
        assert together[question][:4] == text[:4]  # computed together, late digits may differ


def test_equal_backends_share_a_server() -> None:
    """The same configuration is one server, another template does not start a second."""
    others = [LocalBackend(n_threads=1), LocalBackend(n_threads=1, template="chatml")]
    with local._servers.sync(ONE_THREAD._config()) as server:
        for other in others:
            with local._servers.sync(other._config()) as same:
                assert same is server
    assert pickle.loads(pickle.dumps(others[1])) == others[1]


def test_close_stops_the_server(predict: Predict) -> None:
    """After `close` nothing listens, and the next message starts anew."""
    predict.complete(ASKED)
    with local._servers.sync(ONE_THREAD._config()) as server:
        url = server.url
    predict.close()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url + "/health", timeout=5)
    assert predict.complete(ASKED).text


def test_only_key_holders_get_in(predict: Predict) -> None:
    """Without the key the server computes nothing, and no web page may read its answers."""
    predict.complete(ASKED)
    with local._servers.sync(ONE_THREAD._config()) as server:
        url, shown = server.url, repr(server.post("/", {}))
        body = json.dumps({"prompt": "Hi", "max_tokens": 1}).encode()
        headers = {"Origin": "http://evil.example"}
        request = urllib.request.Request(url + "/v1/completions", body, headers)
        with pytest.raises(urllib.error.HTTPError, match="401") as caught:
            urllib.request.urlopen(request, timeout=10)
    with caught.value as answer:
        assert not answer.headers.get("Access-Control-Allow-Origin")
    assert url.startswith("http://127.0.0.1:")
    assert "Bearer" not in shown


def test_stopping_ends_running_streams() -> None:
    """A server that stops, even right after its start, ends what is still read."""
    server = LlamaServer(LlamaConfig("smollm2", n_ctx=512, n_threads=1))
    hangup = Hangup()
    server.reads.add(hangup)
    server.close()
    assert hangup.aborted


def test_default_threads_are_half_the_cores() -> None:
    """Half of the cores this process may use, and at least one."""
    assert default_threads() == max(1, len(os.sched_getaffinity(0)) // 2)


START = """
import os, sys
from chatadapters._predict import make_predict
from chatadapters.backends.local import LocalBackend
predict = make_predict(LocalBackend(n_threads=1, n_ctx=512), temperature=0, max_tokens=4)
"""
ENDS = {
    "while streaming": "g = predict.using(max_tokens=400)('Write a story.'); next(g)",
    "after a reply": "predict.complete('Hi')",
    "in a forked process": """
first = predict.complete('Hi').text
sys.stdout.flush()
child = os.fork()
if not child:
    assert predict.complete('Hi').text == first
    sys.exit(3)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
assert predict.complete('Hi').text == first
""",
    "in an event loop": """
import asyncio
async def main():
    g = predict.aio.using(max_tokens=400)('Write a story.')
    await anext(g)
    await predict.aio.complete('Hi')
asyncio.run(main())
""",
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_the_process_ends_cleanly_and_quietly(end: str) -> None:
    """Whatever is going on, the interpreter exits without a crash, a hang or a word."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", START + end],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
