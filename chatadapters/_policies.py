"""The frozen policies a caller sets: how long to wait, how often to try, how much to take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ._checks import is_above, is_whole
from ._errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable

EndsWith = Literal["finish", "done", "close"]
Midstream = Literal["auto", "resume", "restart", "raise"]

_LONGEST = 20 * 86_400  # seconds; systems count the milliseconds of one wait in 31 bits


@dataclass(frozen=True, slots=True)
class Timeout:
    """How long to wait for a provider, in seconds.

    None is for ever; a time above 20 days, such as infinity, becomes None.

    Only content counts (text, reasoning, tool calls), so keep-alive bytes do not hide a stall
    and a slow but steady stream lives.

    Attributes:
        connect: For the connection.
        first: From the request to the first content.
        idle: From one piece of content to the next.
        total: For the whole reply, retries included.

    Raises:
        OptionError: A time is not above 0, or not a number.

    Example:
        >>> Timeout(first=60)
        Timeout(connect=10, first=60, idle=30, total=None)
        >>> Timeout(first=float("inf")).first is None
        True
    """

    connect: float | None = 10
    first: float | None = 300
    idle: float | None = 30
    total: float | None = None

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if value is not None and not is_above(0, value):
                raise OptionError(f"Timeout({name}={value!r}): give seconds above 0, or None")
            if value is not None and value > _LONGEST:
                object.__setattr__(self, name, None)  # as dataclasses say for frozen ones


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a provider may send before the reply ends in `LimitExceededError`.

    Attributes:
        event: Bytes of the longest single event.
        reply: Characters of the longest reply, reasoning included.
        buffer: Bytes that may wait between the network and the consumer; when it is full, the
            network waits, nothing is lost.

    Example:
        >>> Limits(reply=100_000).reply
        100000
    """

    event: int = 16 * 2**20
    reply: int = 32 * 2**20
    buffer: int = 4 * 2**20

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not is_above(0, value):
                raise OptionError(f"Limits({name}={value!r}): give a number above 0")


@dataclass(frozen=True, slots=True)
class Retry:
    """When a failed attempt is followed by another one.

    Connection failures, 408, 409, 425, 429 and 5xx, errors inside a stream, streams that are
    cut, stalled or malformed are tried again; 400, 401, 403, 404, 422, an exhausted quota and
    a wait that the server wants longer than `max_wait` never are.

    Attributes:
        attempts: Requests in all, the first included; 1 turns retrying off.
        restarts: How many of them may come after text was shown (each is paid twice).
        total: Seconds that waits and failed attempts may take together; healthy streaming
            does not count.
        wait: Seconds before the second attempt; each further wait is twice as long, at most
            8 s, with up to half of this on top at random. What the server asks for goes first,
            unless that is 0 or a time that is over.
        max_wait: Longest single wait in seconds.
        midstream: What happens to a reply that breaks after its first text. `"resume"`
            continues it where the backend can, `"restart"` begins again and replaces the
            text, `"raise"` raises, `"auto"` resumes where we build the prompt ourselves or
            `resume_as` says how, and restarts elsewhere.
        tenacity: A tenacity object such as `tenacity.Retrying(...)` that decides which failures
            are tried again, how often and when, in place of `attempts`, `total` and `wait`.

    Example:
        >>> Retry(attempts=1).attempts
        1
    """

    attempts: int = 4
    restarts: int = 1
    total: float = 120.0
    wait: float = 0.5
    max_wait: float = 60.0
    midstream: Midstream = "auto"
    tenacity: Any = None

    def __post_init__(self) -> None:
        if not is_whole(1, self.attempts):
            raise OptionError(
                f"Retry(attempts={self.attempts!r}): give a whole number, 1 (off) or more"
            )
        if not is_whole(0, self.restarts):
            raise OptionError(f"Retry(restarts={self.restarts!r}): give a whole number, 0 or more")
        for name in ("total", "wait", "max_wait"):
            if not is_above(0, getattr(self, name), or_equal=True):
                raise OptionError(f"Retry({name}={getattr(self, name)!r}): give 0 or more")
        if self.midstream not in ("auto", "resume", "restart", "raise"):
            raise OptionError(
                f"Retry(midstream={self.midstream!r}): give 'auto', 'resume', 'restart' or 'raise'"
            )


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


@dataclass(frozen=True, slots=True)
class Window:
    """How much of the history is sent; the oldest turns are left out first, in whole pairs.

    The system text and the last message always stay.

    Attributes:
        turns: Most user turns to send, the current one included; None is no bound.
        tokens: Most tokens to send; None is no bound.
        count: Counts the tokens of a text; the default estimates one token per four
            characters (of UTF-8 bytes), which is only an estimate.
        too_long: What happens when the last message alone has more than `tokens`: `"error"`
            or `"truncate"` (its beginning is kept).

    Example:
        >>> Window(turns=10).turns
        10
    """

    turns: int | None = None
    tokens: int | None = None
    count: Callable[[str], int] | None = None
    too_long: Literal["error", "truncate"] = "error"

    def __post_init__(self) -> None:
        for name in ("turns", "tokens"):
            value = getattr(self, name)
            if value is not None and not is_whole(1, value):
                raise OptionError(
                    f"Window({name}={value!r}): give a whole number, 1 or more, or None"
                )
        if self.count is not None and not callable(self.count):
            raise OptionError(f"Window(count={self.count!r}): give a function, or None")
        if self.too_long not in ("error", "truncate"):
            raise OptionError(f"Window(too_long={self.too_long!r}): give 'error' or 'truncate'")
