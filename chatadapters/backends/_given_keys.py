"""Keys as callers give them: a text, or a callable, async or not, that gives one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from .._errors import OptionError

Key: TypeAlias = str | Callable[[], str | None] | Callable[[], Awaitable[str | None]] | None


def fetched(name: str, given: Key) -> str | None:
    """Give the key of now.

    Args:
        name: The option, for errors.
        given: What was given for it.

    Raises:
        OptionError: The callable is async, or gives something else than a text.
    """
    key = given() if callable(given) else given
    if isinstance(key, Awaitable):
        getattr(key, "close", lambda: None)()
        raise OptionError(
            f"{name}= is an async callable, which serves predict.aio only: for sync replies give "
            "a callable that is not async, or a string"
        )
    return _checked(name, key)


async def afetched(name: str, given: Key) -> str | None:
    """Give the key of now; the async twin of `fetched`.

    An async callable runs on the event loop, any other in a thread, as it may take a while.
    """
    if not callable(given):
        return _checked(name, given)
    from asyncio import to_thread
    from inspect import iscoroutinefunction

    on_loop = iscoroutinefunction(given) or iscoroutinefunction(type(given).__call__)
    key = given() if on_loop else await to_thread(given)
    return _checked(name, await key if isinstance(key, Awaitable) else key)


def _checked(name: str, key: object) -> str | None:
    if key is None or isinstance(key, str):
        return key
    raise OptionError(f"{name}: the callable gave a value of type {type(key).__name__}, no string")
