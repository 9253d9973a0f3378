"""Errors in OpenAI's form: the status, and an object that says what was wrong. Pure."""

from __future__ import annotations

from typing import Any

from .._errors import (
    ChatAdaptersError,
    HistoryError,
    OptionError,
    StallError,
    UnsupportedContentError,
)
from .._server_wait import status_of
from ._request import UnknownModelError

_TOO_MANY = 429


class RefusedError(ChatAdaptersError):
    """A request that is not answered, with the status to say so."""

    def __init__(self, status: int, message: str, kind: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status, self.kind, self.code = status, kind, code


def error_answer(error: BaseException) -> tuple[int, dict[str, Any]]:
    """Give the HTTP status of an error and its object in OpenAI's form.

    What the caller can mend is a 4xx with our own words. What failed behind us is a 5xx that
    names only the kind of failure, because a provider's words may hold what is not theirs.
    """
    if isinstance(error, RefusedError):
        return error.status, error_object(str(error), error.kind, error.code)
    if isinstance(error, UnknownModelError):
        return 404, error_object(str(error), "invalid_request_error", "model_not_found")
    if isinstance(error, (HistoryError, OptionError, UnsupportedContentError)):
        return 400, error_object(str(error), "invalid_request_error")
    if isinstance(error, StallError):
        return 504, error_object("the model did not answer in time", "timeout_error")
    if status_of(error) == _TOO_MANY:
        return 429, error_object("the model is overloaded; try later", "rate_limit_error")
    return 502, error_object(f"the model failed: {type(error).__name__}", "upstream_error")


def error_object(message: str, kind: str, code: str | None = None) -> dict[str, Any]:
    """Give an error as OpenAI's clients read it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}
