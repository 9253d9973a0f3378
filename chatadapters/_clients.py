"""Clients of a provider, made once and kept: per process for sync, per event loop for async."""

from __future__ import annotations

import weakref
from threading import RLock
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from ._forks import forget_in_forks

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import AsyncGenerator, Callable, Hashable


class SyncClient(Protocol):
    """What a sync client must have."""

    def close(self) -> object: ...


S = TypeVar("S", bound=SyncClient)
A = TypeVar("A")
C = TypeVar("C")


class Clients(Generic[S, A]):
    """A pool of clients that are made at first use and lent, never given away.

    A client is lent to as many replies at once as ask for its key. The least recently used
    ones are let go beyond `limit`; one that is let go, or was closed with the pool, is closed
    as soon as no reply uses it any more. Everything left is closed when the pool is collected,
    at interpreter exit, and for async when the loop shuts down its async generators, as
    `asyncio.run` does. A forked process starts with an empty pool; so does a pickled copy.

    Args:
        make: Makes a sync client for a key.
        make_async: Makes an async client for a key, inside a running event loop.
        limit: How many clients are kept, for sync and for each event loop.

    Example:
        >>> from io import BytesIO
        >>> pool = Clients(lambda key: BytesIO(key), lambda key: BytesIO(key))
        >>> with pool.sync(b"key") as client, pool.sync(b"key") as again:
        ...     client is again
        True
    """

    def __init__(
        self, make: Callable[[Any], S], make_async: Callable[[Any], A], *, limit: int = 16
    ) -> None:
        self.make = make
        self.make_async = make_async
        self.limit = limit
        self.state: _State[S, A] = _State()
        weakref.finalize(self, _close_sync, self.state)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.make, self.make_async, self.limit)

    def sync(self, key: Hashable = None) -> _Loan[S, A]:
        """Lend the sync client of a key.

        Args:
            key: What tells clients apart, such as the API key and the base URL.

        Returns:
            A context manager that gives the client, made if there is none. It is not closed
            while it is lent.
        """
        return _Loan(self, key)

    def aio(self, key: Hashable = None) -> _AsyncLoan[S, A]:
        """Lend the async client of a key; the async twin of `sync`, for the running loop.

        Args:
            key: What tells clients apart, such as the API key and the base URL.

        Returns:
            An async context manager that gives the client, made if there is none. It is not
            closed while it is lent.
        """
        return _AsyncLoan(self, key)

    def close(self) -> None:
        """Close the sync clients; those in use close when their last reply ends."""
        with self.state.lock:
            unused = self.state.shelf.shrink(0)
        _close_all(unused)

    def drop(self, key: Hashable) -> None:
        """Close the sync client of one key, now or when its last reply ends."""
        with self.state.lock:
            unused = self.state.shelf.drop(key)
        _close_all(unused)

    async def aclose(self) -> None:
        """Close the async clients of the running loop; those in use close with their reply."""
        await _aclose_all((await self.loop_shelf()).shrink(0))

    async def loop_shelf(self) -> _Shelf[A]:
        """Give the clients of the running loop."""
        from asyncio import get_running_loop

        loop = get_running_loop()
        kept = self.state.loops.get(loop)
        if kept is None:
            self.state.drop_closed_loops()
            shelf: _Shelf[A] = _Shelf()
            kept = shelf, _keep(shelf, self.state.loops, loop)
            self.state.loops[loop] = kept
            await anext(kept[1])
        return kept[0]


class _Loan(Generic[S, A]):
    """One use of a sync client."""

    def __init__(self, pool: Clients[S, A], key: Hashable) -> None:
        self._pool = pool
        self._key = key

    def __enter__(self) -> S:
        state = self._pool.state
        with state.lock:
            self._slot = state.shelf.borrow(self._key, self._pool.make)
        return self._slot.client

    def __exit__(self, *error: object) -> None:
        state = self._pool.state
        with state.lock:
            unused = state.shelf.give_back(self._slot, self._pool.limit)
        _close_all(unused)


class _AsyncLoan(Generic[S, A]):
    """One use of an async client; no async generator, which a closing loop would close first."""

    def __init__(self, pool: Clients[S, A], key: Hashable) -> None:
        self._pool = pool
        self._key = key

    async def __aenter__(self) -> A:
        self._shelf = await self._pool.loop_shelf()
        self._slot = self._shelf.borrow(self._key, self._pool.make_async)
        return self._slot.client

    async def __aexit__(self, *error: object) -> None:
        await _aclose_all(self._shelf.give_back(self._slot, self._pool.limit))


class _Slot(Generic[C]):
    """One client and how many replies use it."""

    def __init__(self, client: C) -> None:
        self.client = client
        self.users = 0
        self.let_go = False


class _Shelf(Generic[C]):
    """The clients of one process or one loop, the least recently used first."""

    def __init__(self) -> None:
        self.slots: dict[Hashable, _Slot[C]] = {}

    def borrow(self, key: Hashable, make: Callable[[Any], C]) -> _Slot[C]:
        slot = self.slots.pop(key, None) or _Slot(make(key))
        slot.users += 1
        self.slots[key] = slot
        return slot

    def give_back(self, slot: _Slot[C], limit: int) -> list[C]:
        """Count one user less; give the clients that are to be closed now."""
        slot.users -= 1
        unused = [slot.client] if slot.let_go and not slot.users else []
        return unused + self.shrink(limit)

    def shrink(self, size: int) -> list[C]:
        """Let go of all but the `size` last used; give those that are to be closed now."""
        oldest = list(self.slots)[: max(0, len(self.slots) - size)]
        return [client for key in oldest for client in self.drop(key)]

    def drop(self, key: Hashable) -> list[C]:
        """Let one go; give it if it is to be closed now."""
        slot = self.slots.pop(key, None)
        if slot is None:
            return []
        slot.let_go = True
        return [] if slot.users else [slot.client]


class _State(Generic[S, A]):
    """What a pool holds, apart from the pool, so that it can be closed after it is collected."""

    def __init__(self) -> None:
        self.inherited: list[object] = []
        self.clear()
        forget_in_forks(self)

    def clear(self) -> None:
        self.lock = RLock()  # a collected reply may give back while its thread is in here
        self.shelf: _Shelf[S] = _Shelf()
        self.loops: dict[AbstractEventLoop, tuple[_Shelf[A], AsyncGenerator[None, None]]] = {}

    def forget(self) -> None:
        """Start anew in a forked process; the parent's clients must not be touched, so keep them.

        Closing or collecting them here could wait for a lock that a thread of the parent held.
        """
        self.inherited += [self.shelf, self.loops]
        self.clear()

    def drop_closed_loops(self) -> None:
        for loop in [loop for loop in list(self.loops) if loop.is_closed()]:
            self.loops.pop(loop, None)


async def _keep(
    shelf: _Shelf[A], loops: dict[AbstractEventLoop, Any], loop: AbstractEventLoop
) -> AsyncGenerator[None, None]:
    """Close a loop's clients when the loop shuts down its async generators, this one among them."""
    try:
        yield
    finally:
        loops.pop(loop, None)
        await _aclose_all([slot.client for slot in shelf.slots.values()])


def _close_sync(state: _State[Any, Any]) -> None:
    _close_all([slot.client for slot in state.shelf.slots.values()])


def _close_all(clients: list[S]) -> None:
    for client in clients:
        client.close()


async def _aclose_all(clients: list[Any]) -> None:
    """Close async clients, whichever of the two usual names they have for it."""
    for client in clients:
        await (client.aclose() if hasattr(client, "aclose") else client.close())


def _rebuild(make: Callable[[Any], S], make_async: Callable[[Any], A], limit: int) -> Clients[S, A]:
    return Clients(make, make_async, limit=limit)
