"""What may be given to the openai backend to be used, and what of it no pickle may hold."""

from __future__ import annotations

from typing import Any

from .._errors import OptionError
from ._addresses import split

#: The SDK's class that each option must not be, which only fails when a request is sent.
_OTHER = {"client": "AsyncAPIClient", "async_client": "SyncAPIClient"}
_KIND = {"client": "OpenAI", "async_client": "AsyncOpenAI"}


def check_lent(name: str, client: object) -> None:
    """Check that a client can do what the SDK's does, in its colour.

    Args:
        name: The option, `"client"` or `"async_client"`.
        client: What was given.

    Raises:
        OptionError: It cannot.
    """
    bases = {base.__name__ for base in type(client).__mro__}
    made = hasattr(client, "with_options") and not isinstance(client, type)
    if not made or _OTHER[name] in bases:
        shown = type(client).__name__
        raise OptionError(f"{name} is of type {shown}: give a client, {_KIND[name]}(...)")


def check_pickle(backend: Any) -> None:
    """Check that a backend has nothing that a pickle cannot or may not hold.

    Raises:
        TypeError: It has; the text says what to give instead.
    """
    for name in _KIND:
        if getattr(backend, name) is not None:
            raise TypeError(
                f"a backend with {name}= cannot be pickled, because the client cannot: "
                "give base_url and api_key instead"
            )
    if "@" in split(backend.base_url or "").netloc:
        raise TypeError(
            "a backend with a user or password in its base_url cannot be pickled, because "
            "the pickle would show it: leave it to the environment's OPENAI_BASE_URL"
        )
