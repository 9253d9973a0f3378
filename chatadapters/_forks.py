"""What a forked process does first: it lets go of what only its parent may use."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Inherited(Protocol):
    """What a fork must not use as its parent does."""

    def forget(self) -> None:
        """Let go of it; this is called in the fork, before anything else runs there."""


_inherited: WeakSet[Inherited] = WeakSet()


def forget_in_forks(thing: Inherited) -> None:
    """Have a thing forgotten in each fork that is made while it lives."""
    _inherited.add(thing)


def cut_off(descriptor: int) -> None:
    """Put what can be neither read nor written in place of an open socket, in this process alone.

    Closing it would free its number, by which TLS and event loops know it, for another file; and an
    event loop that is asked to forget the number would forget it for the parent too.

    Args:
        descriptor: The number of the socket, or -1 if it was closed.
    """
    if descriptor >= 0:
        end, nowhere = os.pipe()
        os.close(end)
        os.dup2(nowhere, descriptor, inheritable=False)
        os.close(nowhere)


def _forget_all() -> None:
    for thing in list(_inherited):
        thing.forget()


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_forget_all)
