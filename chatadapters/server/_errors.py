"""Errors in OpenAI's form: the status, and an object that says what was wrong. Pure."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from .._errors import ChatAdaptersError, IncompleteStreamError, OptionError, StallError
from .._explain import explain
from .._server_wait import status_of, wanted_wait
from .._transient import is_refused, is_spent

if TYPE_CHECKING:
    from collections.abc import Sequence

_INVALID = "invalid_request_error"
_TOO_MANY, _SERVER_ERROR = 429, 500


class RefusedError(ChatAdaptersError):
    """A request that is not answered, with the status to say so.

    Args:
        status: The HTTP status.
        message: What was wrong.
        kind: OpenAI's type of the error.
        code: OpenAI's code for it.
        param: The field of the request that it is about.
        headers: More headers for the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        kind: str = _INVALID,
        code: str | None = None,
        *,
        param: str | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers
        self._told = {"message": message, "type": kind, "param": param, "code": code}

    def answer(self) -> dict[str, Any]:
        """Give its object in OpenAI's form."""
        return {"error": self._told}


def as_refused(error: BaseException, said: str | None = None) -> RefusedError:
    """Give an error as a client is told it.

    What the caller can mend is a 4xx with the reason. What failed behind us is a 5xx that names
    only the kind of failure, because a provider's words may hold what is not the caller's.

    Args:
        error: What a request ended with.
        said: The field of the request that has the conversation.
    """
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, OptionError):
        return RefusedError(400, explain(error))
    if is_refused(error):
        return _refused(error, said)
    if status_of(error) == _TOO_MANY:
        return _too_many(error)
    return _failed(error)


def _refused(error: BaseException, said: str | None) -> RefusedError:
    if status_of(error) is None:
        return RefusedError(400, explain(error), param=said)
    message = f"the model refuses this request: {explain(error)}"
    return RefusedError(400, message, code=_text(error, "code"), param=_text(error, "param"))


def _too_many(error: BaseException) -> RefusedError:
    wait, code = wanted_wait(error), _text(error, "code") or "rate_limit_exceeded"
    headers = [] if wait is None else [("Retry-After", str(ceil(wait)))]
    message = "the model is overloaded; try later"
    if is_spent(error):
        message = "the server has used up what its provider lets it have"
    return RefusedError(429, message, "rate_limit_error", code, headers=headers)


def _failed(error: BaseException) -> RefusedError:
    if isinstance(error, StallError):
        return RefusedError(504, "the model did not answer in time", "timeout_error")
    cut = isinstance(error, IncompleteStreamError)
    message = (
        "the reply broke off; ask again" if cut else f"the model failed: {type(error).__name__}"
    )
    return RefusedError(502, message, "upstream_error")


def is_ours(error: BaseException) -> bool:
    """Say whether an error is for whoever runs the server to look into."""
    if isinstance(error, RefusedError):
        return False
    return as_refused(error).status >= _SERVER_ERROR or is_spent(error)


def _text(error: BaseException, name: str) -> str | None:
    value = getattr(error, name, None)
    return value if isinstance(value, str) else None
