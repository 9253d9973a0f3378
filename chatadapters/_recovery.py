"""How a broken reply goes on: continued, begun again, asked of another backend, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._errors import ChatAdaptersError, IncompleteStreamError, ProviderStreamError
from ._retry import Attempts
from ._seam import START, Seam, SeamError
from ._server_wait import status_of
from ._transient import is_spent, never_retried

if TYPE_CHECKING:
    from ._attempt import Attempt
    from ._backend import Payload
    from ._call import Call
    from ._clock import Clock
    from ._seam import Break
    from ._transcript import Transcript

_MOST_CLEAN_ENDS = 2
_ABOUT_THE_CALLER = (401, 403)


class Recovery:
    """Decides about the failures of one reply.

    Args:
        call: What was decided beforehand.
        said: What the reply has said so far.
        clock: How long it has waited.

    Attributes:
        call: Whom the next attempt asks.
        payload: What it sends.
        seam: Joins it to what was said, when it continues; else None.
        begins_again: Whether it begins a reply again that has said something.
    """

    __slots__ = (
        "_attempts", "_broke", "_clean_ends", "_clock", "_restarts", "_resumes", "_said",
        "begins_again", "call", "payload", "seam",
    )  # fmt: skip

    def __init__(self, call: Call, said: Transcript, clock: Clock) -> None:
        self._said, self._clock = said, clock
        self._attempts = Attempts(call.retry, call.backend)
        self._restarts = self._resumes = self._clean_ends = 0
        self.call, self.payload = call, call.payload
        self.seam: Seam | None = None
        self.begins_again = False
        self._broke: BaseException | None = None

    def reason(self, error: BaseException) -> BaseException:
        """Say why a reply failed for good: what broke it, not that it could not go on."""
        return self._broke if self._broke and isinstance(error, SeamError) else error

    def after(self, error: BaseException, attempt: Attempt) -> float | None:
        """Decide how it goes on after a failure.

        Returns:
            Seconds to wait before the next attempt, or None: the call has failed for good.
        """
        if self.seam is not None and not attempt.content and self._is_refusal(error):
            error = SeamError(f"the server refuses to continue a reply: {error}")
        return self._next_attempt(error, attempt)

    def next_call(self) -> Call | None:
        """Give the call of the next backend of a fallback, if there is one and it may begin."""
        if self.call.next is None or not self._may_restart():
            return None
        try:
            return self.call.next()
        except ChatAdaptersError:  # none of the others can take this conversation
            return None

    def go_over(self, call: Call) -> None:
        """Go over to another call."""
        self.call = call
        self._attempts = Attempts(call.retry, call.backend)
        self._clock.follow(call.timeout)
        self._clean_ends = self._resumes = 0
        self._go_on(START)

    def _is_refusal(self, error: BaseException) -> bool:
        """Say whether a request to continue was refused because it is one."""
        status = status_of(error)
        if status in _ABOUT_THE_CALLER or is_spent(error):
            return False
        if status is None and not isinstance(error, ProviderStreamError):
            return False
        return never_retried(error) or not self._attempts.worth(error)

    def _next_attempt(self, error: BaseException, attempt: Attempt) -> float | None:
        if never_retried(error) or self._ends_too_often(error):
            return None
        point = self._resume_from(attempt)
        if point is None:
            return None
        wait = self._attempts.after(error, self._clock.waited)
        if wait is None or not self._clock.allows(wait):
            return None
        if point.prefix:
            self._broke = error
        self._go_on(point)
        return wait

    def _ends_too_often(self, error: BaseException) -> bool:
        if isinstance(error, IncompleteStreamError) and not isinstance(error, SeamError):
            self._clean_ends += 1
        return self._clean_ends >= _MOST_CLEAN_ENDS

    def _resume_from(self, attempt: Attempt) -> Break | None:
        """Choose how it goes on: after this text, from the start, or not at all."""
        if not self._said:
            return START
        mode = self.call.policy.midstream
        if mode == "auto":
            mode = "resume" if self.call.backend.resumes else "restart"
        if mode == "resume" and not self._resumes:
            point = attempt.resume_point()
            if point.prefix and self._continued(point) is not None:
                return point
        return START if self._may_restart() else None

    def _continued(self, point: Break) -> Payload | None:
        return self.call.backend.resume(self.call.payload, point.prefix)

    def _may_restart(self) -> bool:
        policy = self.call.policy
        may = policy.midstream != "raise" and self._restarts < policy.restarts
        return may or not self._said

    def _go_on(self, point: Break) -> None:
        self.payload, self.seam = self.call.payload, None
        if point.prefix:
            self._resumes += 1
            self.payload = self._continued(point)
            self.seam = Seam(point, self._said.reasoning, self._said.text)
        elif self._said:
            self._restarts += 1
            self.begins_again = True
