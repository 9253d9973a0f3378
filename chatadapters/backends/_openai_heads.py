"""The heads of requests that the openai SDK made, for those that follow.

To make a request takes the SDK as long as it takes to send it, to read the head of its answer and
to begin a reply, though nothing but the body differs from one message to the next.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_MOST_HEADS = 16
_OF_ONE_REQUEST = frozenset({b"content-length", b"cookie"})


class Heads:
    """The heads of the requests that one of the SDK's clients made.

    Args:
        http: The HTTP client that sends them.
    """

    def __init__(self, http: Any) -> None:
        self.http = http
        self._kept: dict[Hashable, Callable[..., Any]] = {}

    def keep(self, key: Hashable, request: Any) -> None:
        """Keep the head of a request for those with the same key."""
        kind: Callable[..., Any] = type(request)
        headers = [item for item in request.headers.raw if item[0].lower() not in _OF_ONE_REQUEST]
        if len(self._kept) >= _MOST_HEADS:
            self._kept.clear()
        self._kept[key] = partial(
            kind,
            request.method,
            request.url,
            headers=headers,
            extensions={"timeout": request.extensions["timeout"]},
        )

    def request(self, key: Hashable, body: bytes) -> Any | None:
        """Make a request with a head that was kept; None if there is none."""
        make = self._kept.get(key)
        return make(content=body, cookies=self.http.cookies or None) if make else None
