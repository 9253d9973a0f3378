"""How a broken reply goes on: continued, begun again, asked of another backend, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._errors import ChatAdaptersError, IncompleteStreamError
from ._retry import Attempts, never_retried
from ._seam import Seam, SeamError, resumable

if TYPE_CHECKING:
    from ._attempt import Attempt
    from ._call import Call
    from ._clock import Clock
    from ._transcript import Transcript

_MOST_CLEAN_ENDS = 2


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

    def __init__(self, call: Call, said: Transcript, clock: Clock) -> None:
        self._said, self._clock = said, clock
        self._attempts = Attempts(call.retry, call.backend)
        self._restarts = self._resumes = self._clean_ends = 0
        self.call, self.payload = call, call.payload
        self.seam: Seam | None = None
        self.begins_again = False

    def after(self, error: BaseException, attempt: Attempt) -> float | None:
        """Decide how it goes on after a failure.

        Returns:
            Seconds to wait before the next attempt, or None: the reply has failed.
        """
        if self.seam is not None and not attempt.content and never_retried(error):
            error = SeamError(f"the server refuses to continue a reply: {error}")
        wait = self._next_attempt(error, attempt)
        return self._next_call() if wait is None else wait

    def _next_attempt(self, error: BaseException, attempt: Attempt) -> float | None:
        if never_retried(error) or self._ends_too_often(error):
            return None
        prefix = self._resume_from(attempt)
        if prefix is None:
            return None
        wait = self._attempts.after(error, self._clock.waited)
        if wait is None or not self._clock.allows(wait):
            return None
        self._go_on(prefix)
        return wait

    def _ends_too_often(self, error: BaseException) -> bool:
        if isinstance(error, IncompleteStreamError) and not isinstance(error, SeamError):
            self._clean_ends += 1
        return self._clean_ends >= _MOST_CLEAN_ENDS

    def _next_call(self) -> float | None:
        """Go over to the next backend of a fallback, if there is one and it may begin."""
        if self.call.next is None or not self._may_restart():
            return None
        try:
            self.call = self.call.next()
        except ChatAdaptersError:  # none of the others can take this conversation
            return None
        self._attempts = Attempts(self.call.retry, self.call.backend)
        self._clock.timeout = self.call.timeout
        self._clean_ends = self._resumes = 0
        self._go_on("")
        return 0.0

    def _resume_from(self, attempt: Attempt) -> str | None:
        """Choose how it goes on: after this text, from the start (""), or not at all."""
        if not self._said:
            return ""
        mode = self.call.policy.midstream
        if mode == "auto":
            mode = "resume" if self.call.backend.resumes else "restart"
        if mode == "resume" and not self._resumes:
            prefix = resumable(attempt)
            if prefix and self.call.backend.resume(self.call.payload, prefix) is not None:
                return prefix
        return "" if self._may_restart() else None

    def _may_restart(self) -> bool:
        policy = self.call.policy
        may = policy.midstream != "raise" and self._restarts < policy.restarts
        return may or not self._said

    def _go_on(self, prefix: str) -> None:
        self.payload, self.seam = self.call.payload, None
        if prefix:
            self._resumes += 1
            self.payload = self.call.backend.resume(self.call.payload, prefix)
            self.seam = Seam(prefix, self._said.reasoning, self._said.text)
        elif self._said:
            self._restarts += 1
            self.begins_again = True
