"""One request of the wires we speak ourselves."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ._redact import named_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2

    from ._policies import Timeout

_SLACK = 5.0  # content is timed by the caller; the socket's own clock only ends a lost read
_SHORTEST = 6


@dataclass(frozen=True, slots=True, repr=False)
class Post:
    """One request; its repr shows nothing, because keys are in it.

    Attributes:
        url: Where it goes.
        body: What it says, sent as JSON.
        headers: Its own headers.
    """

    url: str
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def arguments(self, timeout: Timeout) -> dict[str, Any]:
        """Give what an httpx client's `stream` takes."""
        return {
            "method": "POST",
            "url": self.url,
            "content": json.dumps(self.body, allow_nan=False).encode(),
            "headers": {
                "accept": "text/event-stream, application/json",
                "accept-encoding": "identity",  # compressing a stream delays it
                "content-type": "application/json",
                **self.headers,
            },
            "timeout": _socket_timeout(timeout),
        }

    def secrets(self) -> list[str]:
        """Give the keys among the headers, and the password in the URL."""
        from urllib.parse import urlsplit

        password = urlsplit(self.url).password or ""
        return [*named_secrets(self.headers), *([password] if len(password) >= _SHORTEST else [])]


def _socket_timeout(timeout: Timeout) -> httpx2.Timeout:
    from httpx2 import Timeout as SocketTimeout

    unbound = timeout.first is None or timeout.idle is None
    longest = None if unbound else max(timeout.first or 0, timeout.idle or 0) + _SLACK
    return SocketTimeout(longest, connect=timeout.connect, pool=None)
