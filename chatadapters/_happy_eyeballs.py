"""Connects to the first address of a host that answers (RFC 8305), blocking.

It keeps to one deadline, the look-up of a name included, and an aborted request ends it.
"""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import zip_longest
from math import inf
from queue import SimpleQueue
from selectors import EVENT_WRITE, DefaultSelector
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias

from ._abort import this_request
from ._slices import IN, ready, slices

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from selectors import BaseSelector

    from ._abort import Hangup

    #: What `socket.getaddrinfo` gives: family, kind, protocol, name, and what to connect to.
    Address: TypeAlias = tuple[Any, ...]

NEXT_ADDRESS_SECONDS = 0.25


def connected(host: str, port: int, timeout: float | None) -> socket.socket:
    """Connect to a host, by whichever of its addresses answers first.

    Args:
        host: A name or an address.
        port: The port.
        timeout: The seconds that it may take in all, None for ever.

    Raises:
        OSError: There is no such host, or none of its addresses can be reached; the first says why.
        TimeoutError: The time is over.
    """
    deadline = inf if timeout is None else monotonic() + timeout
    addresses = by_turns(_addresses(host, port, deadline))
    with DefaultSelector() as running:
        try:
            return _first(addresses, running, deadline)
        finally:
            for sock in _sockets(running):
                sock.close()


def _first(
    addresses: Iterable[Address],
    running: BaseSelector,
    deadline: float,
) -> socket.socket:
    errors: list[OSError] = []
    rest = iter(addresses)
    while True:
        address = next(rest, None)
        if address is not None:
            try:
                running.register(_begun(address), EVENT_WRITE)
            except OSError as error:
                errors.append(error)
                continue
        elif not _sockets(running):
            raise errors[0]
        for sock in _ended(running, inf if address is None else NEXT_ADDRESS_SECONDS, deadline):
            running.unregister(sock)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not code:
                return sock
            errors.append(OSError(code, os.strerror(code)))
            sock.close()


def _begun(address: Address) -> socket.socket:
    with new_socket(address) as sock, suppress(BlockingIOError):
        sock.connect(address[-1])
    return sock


@contextmanager
def new_socket(address: Address) -> Generator[socket.socket, None, None]:
    """Give a socket that does not block, to be connected; it is closed if that fails.

    Args:
        address: Where it is to connect.
    """
    family, kind, protocol, _, _ = address
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        yield sock
    except BaseException:
        sock.close()
        raise


def _ended(running: BaseSelector, seconds: float, deadline: float) -> list[socket.socket]:
    """Wait until some have connected or failed; give them, none when the wait was in vain."""
    request = this_request()
    if request is not None:
        request.found(_sockets(running)[0])
    wait = min(seconds, max(0.0, deadline - monotonic()))
    events = next(filter(None, map(running.select, slices(None if wait == inf else wait))), [])
    _check_stopped(request)
    if not events and monotonic() >= deadline:
        raise TimeoutError("timed out")
    return [key.fileobj for key, _ in events if isinstance(key.fileobj, socket.socket)]


def _sockets(running: BaseSelector) -> list[socket.socket]:
    keys = running.get_map().values()
    return [key.fileobj for key in keys if isinstance(key.fileobj, socket.socket)]


def _addresses(host: str, port: int, deadline: float) -> list[Address]:
    found = numeric(host, port)
    if found is not None:
        return found
    answers: SimpleQueue[list[Address] | Exception] = SimpleQueue()
    ours, bell = socket.socketpair()

    def look_up() -> None:
        with bell:
            try:
                answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
            except Exception as error:  # raised in the thread that waits for the answer
                answers.put(error)

    with ours:  # a thread, because nothing interrupts the system's resolver
        Thread(target=look_up, name="chatadapters-resolver", daemon=True).start()
        _wait(ours, deadline)
    answer = answers.get_nowait()
    if isinstance(answer, Exception):
        raise answer
    return answer


@lru_cache(maxsize=256)
def numeric(host: str, port: int) -> list[Address] | None:
    """Give where to connect to for an address; None for a name, which may take long."""
    with suppress(socket.gaierror):
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return None


def _check_stopped(request: Hangup | None) -> None:
    if request is not None and request.aborted:
        raise ConnectionAbortedError("the request was stopped")


def _wait(sock: socket.socket, deadline: float) -> None:
    request = this_request()
    if request is not None:
        request.found(sock)
    is_ready = ready(sock, IN, None if deadline == inf else max(0.0, deadline - monotonic()))
    _check_stopped(request)
    if not is_ready:
        raise TimeoutError("timed out")


def by_turns(addresses: Iterable[Address]) -> list[Address]:
    """Order addresses so that their families take turns."""
    families: dict[Any, list[Address]] = {}
    for address in addresses:
        families.setdefault(address[0], []).append(address)
    turns = zip_longest(*families.values())
    return [address for turn in turns for address in turn if address is not None]
