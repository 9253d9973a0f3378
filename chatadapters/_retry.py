"""Whether a failed attempt is followed by another, and when: tenacity decides, we only ask."""

from __future__ import annotations

import sys
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, Any

from ._errors import (
    ChatAdaptersError,
    OptionError,
    StreamError,
)
from ._policies import Retry
from ._server_wait import status_of, wanted_wait

if TYPE_CHECKING:
    from tenacity import RetryCallState
    from tenacity.retry import RetryBaseT
    from tenacity.wait import WaitBaseT

    from ._backend import Backend

_RETRIED_STATUS = frozenset({408, 409, 425, 429})
_QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "quota_exceeded"})
#: What HTTP libraries raise when a connection fails, looked up only where one is loaded.
_CONNECTION_ERRORS = (
    ("httpx2", "TransportError"),
    ("httpx", "TransportError"),
    ("openai", "APIConnectionError"),
    ("anthropic", "APIConnectionError"),
    ("aiohttp", "ClientConnectionError"),
    ("aiohttp", "ClientPayloadError"),
    ("requests", "ConnectionError"),
    ("requests", "Timeout"),
    ("requests.exceptions", "ChunkedEncodingError"),
    ("http.client", "HTTPException"),
)
#: Connection errors that the caller's own input causes.
_CALLER_ERRORS = (("httpx2", "UnsupportedProtocol"), ("httpx", "UnsupportedProtocol"))


class Attempts:
    """Asks a retry policy about the failures of one reply.

    Args:
        policy: Our `Retry`, or a user's own tenacity object (`tenacity.Retrying(...)` or
            `AsyncRetrying`), by itself or in a `Retry`, whose `retry`, `wait` and `stop` are
            asked; its loop and its sleep are not used.
        backend: Knows its provider's errors.
    """

    def __init__(self, policy: Any, backend: Backend) -> None:
        self._backend, self._given = backend, policy
        self._limits = policy if isinstance(policy, Retry) else Retry(attempts=2**31)
        self._lost, self._began = 0.0, monotonic()

    @cached_property
    def _policy(self) -> Any:  # most replies never fail: tenacity is imported by the first failure
        given = self._given.tenacity if isinstance(self._given, Retry) else self._given
        return _tenacity(self._limits, self) if given is None else given

    @cached_property
    def _state(self) -> RetryCallState:
        from tenacity import RetryCallState

        state = RetryCallState(self._policy, None, (), {})
        state.start_time = self._began
        return state

    @property
    def number(self) -> int:
        """The number of the current attempt, from 1."""
        return self._state.attempt_number

    def after(self, error: BaseException, lost: float) -> float | None:
        """Decide about a failure.

        Args:
            error: Why the attempt failed.
            lost: Seconds since the attempt last made progress.

        Returns:
            Seconds to wait before the next attempt, or None: there is none.
        """
        state = self._state
        state.set_exception((type(error), error, error.__traceback__))
        self._lost += lost
        wait = None if self._refused(error) else self._ask(state)
        if wait is None:
            return None
        self._lost += wait
        state.idle_for += wait
        state.prepare_for_next_attempt()
        return wait

    def worth(self, error: BaseException) -> bool:
        """Say whether another attempt at this failure makes sense."""
        known = self._backend.retryable(error)
        return is_transient(error) if known is None else known

    def _ask(self, state: RetryCallState) -> float | None:
        if not _plain(self._policy.retry(state)):
            return None
        wait: float = _plain(self._policy.wait(state)) if self._policy.wait else 0.0
        state.upcoming_sleep = wait
        return None if _plain(self._policy.stop(state)) else wait

    def _refused(self, error: BaseException) -> bool:
        asked = wanted_wait(error)
        too_long = asked is not None and asked > self._limits.max_wait
        return too_long or never_retried(error)

    def out_of_time(self, state: RetryCallState) -> bool:
        """Say whether waits and failed attempts have used up `Retry.total`."""
        return self._lost + state.upcoming_sleep > self._limits.total


def never_retried(error: BaseException) -> bool:
    """Say whether an error is final whatever a policy wants: a bad request, a spent quota."""
    if isinstance(error, StreamError) and error.final:
        return True
    status = status_of(error)
    if status is not None and 400 <= status < 500 and status not in _RETRIED_STATUS:  # noqa: PLR2004
        return True
    return is_spent(error)


def is_spent(error: BaseException) -> bool:
    """Say whether the provider names a quota that is used up."""
    return not _QUOTA_CODES.isdisjoint(_codes(error))


def is_transient(error: BaseException) -> bool:
    """Say from its type and HTTP status whether a failure may pass."""
    status = status_of(error)
    if status is not None:
        return status in _RETRIED_STATUS or status >= 500  # noqa: PLR2004
    if isinstance(error, ChatAdaptersError):
        return isinstance(error, StreamError)
    if _is_one_of(_CALLER_ERRORS, error) or _is_one_of(_CALLER_ERRORS, error.__cause__):
        return False
    return isinstance(error, (ConnectionError, TimeoutError)) or is_connection_error(error)


def is_connection_error(error: BaseException) -> bool:
    """Say whether an HTTP library raised this because a connection could not be used."""
    return isinstance(error, ConnectionError) or _is_one_of(_CONNECTION_ERRORS, error)


def _is_one_of(names: tuple[tuple[str, str], ...], error: BaseException | None) -> bool:
    loaded = ((sys.modules.get(module), name) for module, name in names)
    return any(isinstance(error, getattr(module, name, ())) for module, name in loaded if module)


def _codes(error: BaseException) -> set[str]:
    body = getattr(error, "body", None)
    body = body.get("error", body) if isinstance(body, dict) else None
    places = (error, body if isinstance(body, dict) else None)
    found = (
        place.get(name) if isinstance(place, dict) else getattr(place, name, None)
        for place in places
        for name in ("code", "type")
    )
    return {code for code in found if isinstance(code, str)}


def _tenacity(policy: Retry, attempts: Attempts) -> Any:
    from tenacity import (
        Retrying,
        retry_if_exception,
        stop_after_attempt,
        stop_any,
        wait_exponential,
        wait_random,
    )

    backoff = wait_exponential(multiplier=policy.wait, max=8) + wait_random(0, policy.wait / 2)

    def wait(state: RetryCallState) -> float:
        outcome = state.outcome
        asked = wanted_wait(outcome.exception()) if outcome is not None else None
        return min(backoff(state), policy.max_wait) if asked is None else asked

    waits: WaitBaseT = wait
    worth: RetryBaseT = retry_if_exception(attempts.worth)
    out_of_time: Any = attempts.out_of_time  # tenacity calls it, though it asks for a class
    stops = stop_any(stop_after_attempt(policy.attempts), out_of_time)
    return Retrying(retry=worth, wait=waits, stop=stops, reraise=True)


def check_retry(policy: Any) -> None:
    """Refuse what is neither a `Retry` nor a tenacity object."""
    if isinstance(policy, Retry):
        if policy.tenacity is None:
            return
        policy = policy.tenacity
    if not all(callable(getattr(policy, name, None)) for name in ("retry", "wait", "stop")):
        raise OptionError(
            f"retry={policy!r}: give chatadapters.Retry(...) or a tenacity object such as "
            "tenacity.Retrying(stop=tenacity.stop_after_attempt(3))"
        )


def _plain(answer: Any) -> Any:
    if hasattr(answer, "__await__"):
        answer.close()
        raise OptionError(
            "retry=...: the tenacity object has an async retry, wait or stop callable; "
            "give plain ones, they serve sync and async replies alike"
        )
    return answer
