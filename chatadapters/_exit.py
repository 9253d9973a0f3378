"""Closes what is still open when the interpreter exits, while all that closing needs is there."""

from __future__ import annotations

import atexit
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from ._clients import SyncClient

_open: WeakSet[SyncClient] = WeakSet()


def close_at_exit(thing: SyncClient) -> None:
    """Close an object at exit, unless nobody holds it any more by then.

    A generator that is finalized later than that finds modules emptied, so whatever its cleanup
    does must be over.

    Args:
        thing: It has a method `close`, which may be called more than once.
    """
    _open.add(thing)


@atexit.register
def _close_all() -> None:
    with ExitStack() as stack, suppress(KeyError):
        while True:
            stack.callback(_open.pop().close)
