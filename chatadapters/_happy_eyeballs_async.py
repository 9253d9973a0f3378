"""Connects to the first address of a host that answers; the twin of `_happy_eyeballs`.

asyncio's own race loses a socket that is connected when the race is cancelled, as every reply may
be; here each socket is closed by who opened it, or handed over.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from ._happy_eyeballs import NEXT_ADDRESS_SECONDS, by_turns, new_socket, numeric

if TYPE_CHECKING:
    from ._happy_eyeballs import Address


async def connected(host: str, port: int) -> socket.socket:
    """Connect to a host, by whichever of its addresses answers first.

    Args:
        host: A name or an address.
        port: The port.

    Raises:
        OSError: There is no such host, or none of its addresses can be reached; the first says why.
    """
    addresses = by_turns(await _addresses(host, port))
    if len(addresses) == 1:
        return await _open(addresses[0])
    made: list[socket.socket] = []
    errors: list[OSError] = []
    running: set[asyncio.Task[None]] = set()
    rest = iter(addresses)
    try:
        while not made:
            address = next(rest, None)
            if address is not None:
                running.add(asyncio.create_task(_try(address, made, errors)))
            elif not running:
                raise errors[0]
            wait = None if address is None else NEXT_ADDRESS_SECONDS
            _, running = await asyncio.wait(
                running, timeout=wait, return_when=asyncio.FIRST_COMPLETED
            )
        return made.pop(0)
    finally:
        for task in running:
            task.cancel()
        for late in made:
            late.close()


async def _try(
    address: Address,
    made: list[socket.socket],
    errors: list[OSError],
) -> None:
    try:
        made.append(await _open(address))
    except OSError as error:
        errors.append(error)


async def _open(address: Address) -> socket.socket:
    with new_socket(address) as sock:
        await asyncio.get_running_loop().sock_connect(sock, address[-1])
    return sock


async def _addresses(host: str, port: int) -> list[Address]:
    found = numeric(host, port)
    if found is not None:
        return found
    loop = asyncio.get_running_loop()
    return await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
