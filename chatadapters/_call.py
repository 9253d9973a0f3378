"""Everything about a reply that is decided before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ._attempt import Rules
from ._policies import Retry, Timeout

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._backend import Backend, Payload
    from ._events import Reply, Trimmed
    from ._spec import Spec


class Call(NamedTuple):
    """What is sent to whom, and under which rules.

    Attributes:
        backend: Who is asked.
        payload: Exactly what is sent.
        rules: What holds for every attempt.
        retry: A `Retry`, or a tenacity object.
        timeout: How long to wait.
        pace: Most values a second that the view gives; 0 is no bound.
        needs_text: Whether a reply without text is an error, unless it simply stopped.
        trimmed: What was left out to fit the window, or None.
        on_finish: Called with the reply when it ended, however it did.
        own_secrets: Keys that the caller added to the headers, the query or the body.
        next: Gives the call to make when this one has failed for good, or None.
    """

    backend: Backend
    payload: Payload
    rules: Rules = Rules()
    retry: Any = Retry()
    timeout: Timeout = Timeout()
    pace: float = 0
    needs_text: bool = False
    trimmed: Trimmed | None = None
    on_finish: Callable[[Reply], object] | None = None
    next: Callable[[], Call] | None = None
    own_secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Call({self.backend!r}, ...)"  # the payload and the headers may have keys

    def secrets(self) -> Sequence[str]:
        """Give the keys that must never show: the backend's, and the caller's own."""
        return (*self.backend.secrets(), *self.own_secrets)

    @property
    def policy(self) -> Retry:
        """What holds beside a tenacity object: how a broken reply may go on."""
        return self.retry if isinstance(self.retry, Retry) else Retry()


def call_of(
    spec: Spec, payload: Payload, trimmed: Trimmed | None, *, paced: bool, needs_text: bool
) -> Call:
    """Make the call of a payload by what a predict is configured with.

    Args:
        spec: The configuration.
        payload: What is sent.
        trimmed: As in `Call`.
        paced: Whether the view keeps to the pace of the configuration.
        needs_text: As in `Call`.
    """
    backend = spec.backend
    rules = Rules(
        stop=spec.stop,
        special_tokens=tuple(backend.special_tokens()),
        inside_reasoning=backend.starts_inside_reasoning(payload),
        limits=spec.limits,
        ends_with=spec.ends_with,
    )
    return Call(
        backend=backend,
        payload=payload,
        rules=rules,
        retry=spec.retry,
        timeout=spec.timeout,
        pace=spec.pace if paced else 0,
        needs_text=needs_text,
        trimmed=trimmed,
        on_finish=spec.on_finish,
        own_secrets=spec.secrets(),
    )
