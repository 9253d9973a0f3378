"""Tells a kept connection that had been closed meanwhile from one that broke over a request."""

from __future__ import annotations

from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

import httpcore2

if TYPE_CHECKING:
    from collections.abc import Generator

    from ._framing import Head

_AT_ONCE = 1.0  # seconds


class Gone(httpcore2.ReadError):
    """The server has most likely closed the connection before the request came: send it again.

    It is another error when a server has begun to answer or closes later: it may have worked on
    the request.
    """


class Reuse:
    """What is known of the request that a connection carries now."""

    def __init__(self) -> None:
        self._unanswered = False  # no byte of an answer came on a connection that was kept
        self._sent = 0.0

    def asks(self, before: Head) -> None:
        """Note that a part of a request is written.

        Args:
            before: The head of the answer that was read last.
        """
        if before.over:
            self._unanswered = True

    def sends(self) -> None:
        """Note that what was written is sent."""
        self._sent = monotonic()

    @contextmanager
    def answer(self) -> Generator[None, None, None]:
        """Raise a break while an answer is waited for as `Gone` where it is that."""
        try:
            yield
        except httpcore2.ReadError as error:
            self._check(error)
            raise

    def came(self, data: bytes) -> None:
        """Note what came of an answer, nothing at the end of the connection."""
        if not data:
            self._check(None)
        self._unanswered = False

    def _check(self, error: Exception | None) -> None:
        if self._unanswered and monotonic() - self._sent < _AT_ONCE:
            raise Gone("the server has closed the connection while it was idle") from error
