"""Closes what is still open when the interpreter exits, while all that closing needs is there."""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from ._clients import SyncClient

_first: WeakSet[SyncClient] = WeakSet()
_then: WeakSet[SyncClient] = WeakSet()


def close_at_exit(thing: SyncClient, *, first: bool = False) -> None:
    """Close an object at exit, unless nobody holds it any more by then.

    A generator that is finalized later than that finds modules emptied, so whatever its cleanup
    does must be over.

    Args:
        thing: It has a method `close`, which may be called more than once.
        first: Whether it is closed before the others: a reply before its stream, so that a
            thread that reads it takes the end of the stream for no failure.
    """
    (_first if first else _then).add(thing)


@atexit.register
def _close_all() -> None:
    with ExitStack() as stack:
        for thing in (*_then, *_first):  # the last is called first
            stack.callback(thing.close)
