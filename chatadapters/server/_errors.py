"""Errors in OpenAI's form: the status, and an object that says what was wrong. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._errors import (
    ChatAdaptersError,
    HistoryError,
    IncompleteStreamError,
    OptionError,
    StallError,
    UnsupportedContentError,
)
from .._explain import explain
from .._server_wait import status_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_INVALID = "invalid_request_error"
_TOO_MANY, _SERVER_ERROR = 429, 500
#: What a provider answers to a request that is wrong in itself, such as one that is too long.
_REFUSALS = (400, 413, 422)


class RefusedError(ChatAdaptersError):
    """A request that is not answered, with the status to say so."""

    def __init__(
        self,
        status: int,
        message: str,
        kind: str = _INVALID,
        code: str | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(message)
        self.status, self.kind, self.code, self.headers = status, kind, code, headers


def error_answer(
    error: BaseException,
) -> tuple[int, dict[str, Any], Sequence[tuple[str, str]]]:
    """Give the HTTP status of an error, its object in OpenAI's form, and headers.

    What the caller can mend is a 4xx with the reason. What failed behind us is a 5xx that names
    only the kind of failure, because a provider's words may hold what is not the caller's.
    """
    if isinstance(error, RefusedError):
        return error.status, _object(str(error), error.kind, error.code), error.headers
    status, message, kind = _told(error)
    return status, _object(message, kind), ()


def is_ours(error: BaseException) -> bool:
    """Say whether an error is for whoever runs the server to look into."""
    return not isinstance(error, RefusedError) and _told(error)[0] >= _SERVER_ERROR


def _told(error: BaseException) -> tuple[int, str, str]:
    if isinstance(error, (HistoryError, OptionError, UnsupportedContentError)):
        return 400, str(error), _INVALID
    if isinstance(error, StallError):
        return 504, "the model did not answer in time", "timeout_error"
    if isinstance(error, IncompleteStreamError):
        return 502, "the reply broke off; ask again", "upstream_error"
    status = status_of(error)
    if status in _REFUSALS:
        return 400, f"the model refuses this request: {explain(error)}", _INVALID
    if status == _TOO_MANY:
        return 429, "the model is overloaded; try later", "rate_limit_error"
    return 502, f"the model failed: {type(error).__name__}", "upstream_error"


def _object(message: str, kind: str, code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}
