"""Tells a kept connection that had been closed meanwhile from one that broke over a request."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

import httpx2

if TYPE_CHECKING:
    from types import TracebackType

_AT_ONCE = 1.0  # seconds


class Gone(httpx2.ReadError):
    """The server has most likely closed the connection before the request came: send it again.

    It is another error when a server has begun to answer or closes later: it may have worked on
    the request.
    """


class Reuse:
    """What is known of the request that a connection carries now.

    As a context in which an answer is waited for, it raises a break as `Gone` where it is that.
    """

    def __init__(self) -> None:
        self._unanswered = False  # no byte of an answer came on a connection that was kept
        self._sent = 0.0

    def sends(self, *, again: bool) -> None:
        """Note that a request is sent.

        Args:
            again: Whether the connection was kept from an earlier request.
        """
        self._unanswered, self._sent = again, monotonic()

    def __enter__(self) -> None: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, httpx2.ReadError):
            self._check(error)

    def came(self, data: bytes) -> None:
        """Note what came of an answer, nothing at the end of the connection."""
        if not data:
            self._check(None)
        self._unanswered = False

    def _check(self, error: Exception | None) -> None:
        if self._unanswered and monotonic() - self._sent < _AT_ONCE:
            raise Gone("the server has closed the connection while it was idle") from error
