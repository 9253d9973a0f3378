"""The client pool: what is shared, what is closed, and when."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from chatadapters._clients import Clients

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class Client:
    """A client that records whether it was closed."""

    def __init__(self, key: object = None) -> None:
        self.key = key
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class AsyncClient(Client):
    """An async client named as httpx names it."""

    async def aclose(self) -> None:
        await asyncio.sleep(0)
        self.closed += 1


class AsyncSDK(Client):
    """An async client named as the openai SDK names it."""

    async def close(self) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        self.closed += 1


def pool(limit: int = 16) -> Clients[Client, AsyncClient]:
    """Make a pool of recording clients."""
    return Clients(Client, AsyncClient, limit=limit)


def lend(clients: Clients[Client, AsyncClient], key: object = None) -> Client:
    """Lend a client for a moment."""
    with clients.sync(key) as client:
        return client


async def alend(clients: Clients[Client, AsyncClient], key: object = None) -> AsyncClient:
    """Lend an async client for a moment."""
    async with clients.aio(key) as client:
        return client


def test_one_client_per_key() -> None:
    """A key has one client, made for it."""
    clients = pool()
    assert lend(clients, "a") is lend(clients, "a")
    assert lend(clients, "a") is not lend(clients, "b")
    assert lend(clients, "b").key == "b"


def test_64_threads_share_one_client() -> None:
    """However many threads ask at once, one client is made."""
    made: list[Client] = []

    def make(key: object) -> Client:
        time.sleep(0.01)
        made.append(Client(key))
        return made[-1]

    clients = Clients(make, AsyncClient)
    barrier = threading.Barrier(64)

    def ask() -> None:
        barrier.wait()
        lend(clients)

    threads = [threading.Thread(target=ask) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_close_then_new() -> None:
    """After a close the next message gets a new client."""
    clients = pool()
    first = lend(clients)
    clients.close()
    clients.close()
    assert first.closed == 1
    assert lend(clients) is not first


def test_close_waits_for_the_last_use() -> None:
    """A client in use is closed when its last reply ends, not under it."""
    clients = pool()
    with clients.sync() as client:
        with clients.sync():
            clients.close()
        while_lent = client.closed
    assert (while_lent, client.closed) == (0, 1)


def test_least_recently_used_goes() -> None:
    """Beyond the limit the least recently used client is closed."""
    clients = pool(limit=2)
    a, b = lend(clients, "a"), lend(clients, "b")
    lend(clients, "a")
    lend(clients, "c")
    assert (a.closed, b.closed) == (0, 1), "the one used longest ago"
    assert lend(clients, "a") is a


def test_eviction_spares_a_client_in_use() -> None:
    """A client that is let go while lent is closed when it comes back."""
    clients = pool(limit=1)
    with clients.sync("a") as client:
        lend(clients, "b")
        while_lent = client.closed
    assert (while_lent, client.closed) == (0, 1)


def test_drop_closes_one() -> None:
    """One client can be closed alone, or when it comes back."""
    clients = pool()
    kept, gone = lend(clients, "a"), lend(clients, "b")
    with clients.sync("c") as lent:
        for key in ("b", "c", "never made"):
            clients.drop(key)
        while_lent = lent.closed
    assert (kept.closed, gone.closed, while_lent, lent.closed) == (0, 1, 0, 1)


def test_failed_make_leaves_nothing() -> None:
    """A client that cannot be made is asked for again by the next message."""
    failures = [OSError("no certificates")]

    def make(key: object) -> Client:
        if failures:
            raise failures.pop()
        return Client(key)

    clients = Clients(make, AsyncClient)
    with pytest.raises(OSError, match="certificates"):
        lend(clients)
    assert isinstance(lend(clients), Client)


def test_collected_pool_closes_its_clients() -> None:
    """A pool that is dropped closes what it made."""
    clients = pool()
    client = lend(clients)
    del clients
    gc.collect()
    assert client.closed == 1


def test_pickles_empty() -> None:
    """A pickled pool arrives empty and works."""
    clients = pool()
    client = lend(clients)
    copy = pickle.loads(pickle.dumps(clients))
    assert lend(copy) is not client
    assert lend(copy) is lend(copy)


def test_fork_makes_its_own() -> None:
    """A forked process makes its own client and leaves the parent's alone."""
    clients = pool()
    client = lend(clients)
    read, write = os.pipe()
    child = os.fork()
    if not child:
        fresh = lend(clients) is not client
        clients.close()
        os.write(write, b"ok" if fresh and not client.closed else b"no")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 2) == b"ok"
    os.close(read)
    os.close(write)
    assert lend(clients) is client


@pytest.mark.parametrize("make", [AsyncClient, AsyncSDK])
def test_one_async_client_per_loop(make: type[Client]) -> None:
    """Each event loop has its own client, closed with the loop, whatever its close is called."""
    clients = Clients(Client, make)

    async def ask() -> Client:
        async with clients.aio() as client, clients.aio() as again:
            assert client is again
        return client

    first, second = asyncio.run(ask()), asyncio.run(ask())
    assert first is not second
    assert (first.closed, second.closed) == (1, 1)


async def test_aclose_closes_the_running_loop() -> None:
    """`aclose` closes this loop's clients, those in use when they come back."""
    clients = pool()
    idle = await alend(clients, "idle")
    async with clients.aio("busy") as busy:
        await clients.aclose()
        while_lent = busy.closed
    assert (idle.closed, while_lent, busy.closed) == (1, 0, 1)
    assert await alend(clients, "idle") is not idle


async def test_async_eviction() -> None:
    """Beyond the limit the least recently used async client is closed."""
    clients = pool(limit=1)
    async with clients.aio("a") as a:
        b = await alend(clients, "b")
        while_lent = a.closed
    assert (while_lent, a.closed, b.closed) == (0, 1, 0)


def test_loop_shutdown_with_an_unfinished_reply() -> None:
    """A reply that is still open when its loop ends is closed with its client, quietly."""
    clients = pool()
    closed: list[str] = []

    async def reply() -> AsyncGenerator[AsyncClient, None]:
        try:
            async with clients.aio() as client:
                yield client
        finally:
            closed.append("reply")

    async def main() -> tuple[AsyncGenerator[AsyncClient, None], AsyncClient]:
        stream = reply()
        return stream, await anext(stream)

    _, client = asyncio.run(main())
    assert (closed, client.closed) == (["reply"], 1)


def test_client_that_comes_back_to_a_loop_that_has_shut_down() -> None:
    """A reply that outlasts its loop's shutdown gives its client back without a word."""
    clients = pool()

    async def main() -> AsyncClient:
        async with clients.aio() as client:
            await asyncio.get_running_loop().shutdown_asyncgens()
        return client

    assert asyncio.run(main()).closed == 1


def test_loop_closed_without_shutdown_is_forgotten() -> None:
    """Loops that were closed by hand do not pile up."""
    clients = pool()
    for _ in range(5):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(alend(clients))
        loop.close()
    assert len(clients.state.loops) == 1


def test_collected_pool_closes_its_async_clients() -> None:
    """A pool dropped while its loop runs closes its async clients there."""

    async def main() -> None:
        clients = pool()
        client = await alend(clients)
        del clients
        gc.collect()
        for _ in range(10):
            await asyncio.sleep(0)
        assert client.closed == 1

    asyncio.run(main())


EXIT = """
import asyncio, sys
from chatadapters._clients import Clients
assert "asyncio" not in BEFORE
class Client:
    def __init__(self, key): pass
    def close(self): print("closed")
    async def aclose(self): print("aclosed")
clients = Clients(Client, Client)
clients.sync().__enter__()
async def main():
    async with clients.aio(): pass
asyncio.run(main())
"""


def test_interpreter_exit_closes() -> None:
    """At interpreter exit every client is closed, without a warning; asyncio came last."""
    code = "import sys, chatadapters._clients; BEFORE = set(sys.modules)" + EXIT
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.split(), done.stderr) == (["aclosed", "closed"], "")
