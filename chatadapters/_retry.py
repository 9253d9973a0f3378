"""Whether a failed attempt is followed by another, and when: tenacity decides, we only ask."""

from __future__ import annotations

from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, Any

from ._errors import OptionError
from ._policies import Retry
from ._server_wait import wanted_wait
from ._transient import is_transient, never_retried

if TYPE_CHECKING:
    from tenacity import RetryCallState
    from tenacity.retry import RetryBaseT
    from tenacity.wait import WaitBaseT

    from ._backend import Backend


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
        # None at all, or one that is over by our clock, is no reason to ask again at once.
        return asked or min(backoff(state), policy.max_wait)

    waits: WaitBaseT = wait
    worth: RetryBaseT = retry_if_exception(attempts.worth)
    out_of_time: Any = attempts.out_of_time  # tenacity calls it, though it asks for a class
    stops = stop_any(stop_after_attempt(policy.attempts), out_of_time)
    return Retrying(retry=worth, wait=waits, stop=stops, reraise=True)


def _plain(answer: Any) -> Any:
    if hasattr(answer, "__await__"):
        answer.close()
        raise OptionError(
            "retry=...: the tenacity object has an async retry, wait or stop callable; "
            "give plain ones, they serve sync and async replies alike"
        )
    return answer
