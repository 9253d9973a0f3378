"""The heads of requests that the openai SDK made, for those that follow.

To make a request takes the SDK as long as it takes to send it, to read the head of its answer and
to begin a reply, though nothing but the body differs from one message to the next.
"""

from __future__ import annotations

import sys
from functools import cache, partial
from logging import DEBUG, getLogger
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

from ._openai_hooks import http_library

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_MOST_HEADS = 16
_METHODS = ("create", "post", "request")
_sdk_logger = getLogger("openai")


class Heads:
    """The heads of the requests that one of the SDK's clients made.

    Args:
        http: The HTTP client that sends them.
    """

    def __init__(self, http: Any) -> None:
        self.http = http
        self._kept: dict[Hashable, tuple[Callable[..., Any], Any, Callable[[bytes], Any]]] = {}

    def keep(self, key: Hashable, request: Any) -> None:
        """Keep the head of a request for those with the same key."""
        kind: Callable[..., Any] = type(request)
        headers = request.headers.copy()
        del headers["content-length"]
        if len(self._kept) >= _MOST_HEADS:
            self._kept.clear()
        extensions = {"timeout": request.extensions["timeout"]}
        make = partial(kind, request.method, request.url, extensions=extensions)
        self._kept[key] = make, headers, http_library(request).ByteStream

    def request(self, key: Hashable, body: bytes) -> Any | None:
        """Make a request with a head that was kept; None if there is none."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        make, headers, stream = kept
        headers = headers.copy()
        headers["Content-Length"] = str(len(body))
        request = make(headers=headers, stream=stream(body))  # `content=` takes seven times longer
        request.read()
        return request


def watched(client: Any, resource: Any) -> bool:
    """Say whether someone wants to see the SDK make every request.

    Tools for tracing put functions of their own in the place of the SDK's.

    Args:
        client: The SDK's client.
        resource: Its part with the method `create`.
    """
    functions = (type(resource).create, type(client).post, type(client).request)
    own = all(type(each) is FunctionType and _is_of_sdk(each) for each in functions)
    replaced = any(name in vars(each) for each in (resource, client) for name in _METHODS)
    return not own or replaced or _sdk_logger.isEnabledFor(DEBUG)


@cache
def _is_of_sdk(function: FunctionType) -> bool:
    folder = Path(sys.modules["openai"].__file__ or "").parent
    return Path(function.__code__.co_filename).is_relative_to(folder)
