"""How an answer that is none is told, and which errors are about the message itself."""

from __future__ import annotations

from .._errors import HistoryError, InjectionError, UnsupportedContentError
from .._explain import explain
from .._server_wait import status_of

EMPTY = "the answer is empty"
# Bad request (a context that is too long among them), content too large, a kind of media that is
# not taken, content that cannot be processed.
_STATUSES = frozenset({400, 413, 415, 422})


def refused(error: Exception) -> bool:
    """Say whether a message was refused as it is: as history it would be refused with the next."""
    about_it = isinstance(error, (HistoryError, InjectionError, UnsupportedContentError))
    return about_it or status_of(error) in _STATUSES


def told(error: Exception, *, left_out: bool) -> str:
    """Give an error for the chat, and say whether its message is left out of what is sent next."""
    return explain(error) + (" (this message will not be sent again)" if left_out else "")
