"""The state of one reply: what to show, and when to stop. It does no I/O."""

from __future__ import annotations

from dataclasses import replace
from os import getpid
from typing import TYPE_CHECKING, Any

from ._attempt import Attempt, Rules
from ._backend import Reader
from ._clock import Clock
from ._errors import EmptyReplyError
from ._events import Finish, Reply, Restarted, RetryScheduled
from ._log import attempt_begins, attempt_failed, reply_ended
from ._pace import next_frame
from ._recovery import Recovery
from ._redact import forget_locals, redact
from ._seam import START
from ._transcript import Transcript
from ._unreachable import explain_unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._backend import Backend, Chunk, Payload
    from ._call import Call
    from ._events import Event, Reasoning, Text
    from ._feed import End
    from ._policies import Timeout
    from ._seam import Seam
    from ._views import View

_NOT_BEGUN = Attempt(Reader(), Rules())  # it is fed nothing
_USAGE_SECONDS = 0.5
_CLOSE_SECONDS = 0.05


class ReplyState:
    """Decides about one reply; a short loop feeds it and asks it, sync or async.

    Args:
        call: What was decided beforehand.
        view: What the consumer sees.
        now: The reading of a monotonic clock in seconds, as in every method.

    Attributes:
        streaming: Whether the current attempt still wants chunks.
        over: Whether no further attempt follows.
        wait: Seconds to wait before the next attempt.
        error: Why the reply failed, or None.
    """

    __slots__ = (
        "__weakref__", "_attempt", "_clock", "_finish", "_frame", "_number", "_pace", "_process",
        "_recovery", "_reported", "_retried", "_said", "_view", "error", "over", "streaming",
        "wait",
    )  # fmt: skip

    def __init__(self, call: Call, view: View, now: float) -> None:
        self._view = view
        self._clock = Clock(call.timeout, now)
        self._attempt = _NOT_BEGUN
        self._number = 0
        self._said = Transcript()
        self._recovery = Recovery(call, self._said, self._clock)
        self._finish: Finish | None = None
        self._frame, self._pace = now, call.pace
        self._reported = False
        self._process = getpid()
        self.streaming = self.over = False
        self.wait = 0.0
        self.error: BaseException | None = None
        self._retried: BaseException | None = None
        if call.trimmed is not None:
            view.push(call.trimmed)

    def begin(self) -> tuple[Backend, Payload, Timeout, int]:
        """Begin an attempt.

        Returns:
            What `open_feed` takes; nobody else needs it, and a key may be in it.
        """
        seam = self._recovery.seam
        point = seam.point if seam else START
        reader = self._call.backend.reader()
        if not hasattr(reader, "bound"):
            name = type(self._call.backend).__name__
            raise TypeError(f"{name}.reader() gives a new Reader, not {reader!r:.80}")
        reader.bound(self._call.rules.limits.event)
        self._attempt = Attempt(reader, self._call.rules, point, apart=self._view.apart)
        self._number += 1
        attempt_begins(self._number, self._call.backend)
        if self._recovery.begins_again:
            self._recovery.begins_again = False
            self._show([Restarted(self._number)])
        self._clock.begin()
        self.streaming = True
        call = self._call
        return call.backend, self._recovery.payload, call.timeout, call.rules.limits.buffer

    @property
    def _call(self) -> Call:
        return self._recovery.call

    def until(self, now: float) -> tuple[float, bool]:
        """Say how to wait for chunks before asking again.

        Returns:
            Until when at most, `inf` for ever; and whether to let chunks gather all that time,
            because none could be shown earlier.
        """
        clock = self._clock
        until, gather = clock.until(now), False
        if self._attempt.finish is not None:
            until = now + self._after_finish() - clock.waited
        elif self._view.pending and self._pace:
            # However long a frame is, the end is looked for as often as in a short one.
            until, gather = min(until, self._frame, now + 1 / self._pace), True
        clock.due = until
        return until, gather

    def step(self, came: tuple[Sequence[Chunk], End | None], now: float) -> None:
        """Take note of what a feed gave, be it nothing."""
        chunks, end = came
        broke = self._read(chunks, end, now)
        try:
            events, seam = self._attempt.take(), self._recovery.seam
            self._show(events if seam is None else self._joined(seam, events))
            if self._attempt.finish is not None and (broke is not None or self._is_over()):
                self._complete()  # what breaks after the finish is no failure
        except Exception as error:  # of a view, or of the caller's `notice`: the reply fails by it
            self._fail(error)
        else:
            if broke is not None and not self.over:
                self._fail(broke)

    def take(self, now: float) -> list[Any]:
        """Give the values to hand out now."""
        if self._retried is not None:  # the frames that failed have ended by now
            forget_locals(self._retried)
            self._retried = None
        view, finish, pace = self._view, self._attempt.finish, self._pace
        if finish is not None:
            last = not self._lacks_text(finish)
        elif not view.pending or (pace and self.streaming and now < self._frame):
            return []
        else:
            last = False
        self._clock.ours = False
        values = view.take(last=last)
        if pace:
            self._frame = next_frame(self._frame, now, pace, view.length)
        return values

    def close(self) -> None:
        """End the reply, finished or not, and report it once, in the process that began it."""
        if self._reported or getpid() != self._process:
            return
        self._reported = self.over = True
        self.streaming = False
        finish = self._attempt.finish
        if self.error is None and self._finish is None and finish is not None:
            self._finish = self._finished(finish, self._attempt)
        reply_ended(self.reply)
        self._report()

    def _report(self) -> None:
        if self.error is not None and any(self._call.secrets()):
            forget_locals(self.error)
        on_finish = self._call.on_finish
        try:
            if on_finish is not None:
                on_finish(self.reply())
        except Exception as error:  # the caller's own; why the reply failed must not get lost
            raise error from self.error

    def reply(self) -> Reply:
        """Give the reply as it stands."""
        finish = self._finish
        return Reply(
            text=self._said.text if finish else self._said.best,
            reasoning=self._said.reasoning,
            finish_reason=finish.reason if finish else None,
            usage=finish.usage if finish else None,
            tool_calls=finish.tool_calls if finish else (),
            attempts=self._number,
            backend=self._call.backend.name,
            error=self.error,
        )

    # What comes in

    def _read(self, chunks: Sequence[Chunk], end: End | None, now: float) -> Exception | None:
        """Let the attempt read what came; give what broke it."""
        attempt, clock = self._attempt, self._clock
        before = attempt.content
        try:
            for chunk in chunks:
                attempt.feed(chunk)
            if attempt.content > before:
                clock.content(now)
            else:
                clock.tick(now)
            if end is not None:
                self._end(end, now)
            if attempt.finish is None:
                clock.check(now)
        except Exception as error:  # whatever a reader raises: the attempt broke by it
            clock.tick(now)  # this changes nothing where it was noted above
            attempt.broke(error)
            return error
        return None

    def _end(self, end: End, now: float) -> None:
        if end.late:
            self._clock.check(now, vain=True)  # which says better what was waited for
        if end.error is not None:
            raise end.error
        self._attempt.end()

    def _show(self, events: Sequence[Event]) -> None:
        for event in events:
            told = Restarted(self._number) if isinstance(event, Restarted) else event
            self._said.add(told)
            self._view.push(told)

    def _joined(
        self, seam: Seam, events: Sequence[Text | Reasoning | Restarted]
    ) -> Sequence[Event]:
        told = [event for event in events if not isinstance(event, Restarted)]
        if len(told) < len(events):
            self._recovery.seam = None
            return events
        finished = self._attempt.finish is not None
        joined = seam.feed(told, last=finished)
        if joined is None:
            return ()
        self._recovery.seam = None
        return joined

    # How it ends

    def _after_finish(self) -> float:
        known = self._attempt.done or self._attempt.usage is not None
        return _CLOSE_SECONDS if known else _USAGE_SECONDS

    def _is_over(self) -> bool:
        return self._attempt.over or self._clock.waited >= self._after_finish()

    def _complete(self) -> None:
        attempt = self._attempt
        self.streaming, self.over = False, True
        finish = attempt.finish or Finish("unknown")
        self._finish = self._finished(finish, attempt)
        if self._lacks_text(finish):
            self.error = _empty(self._finish)
        else:
            self._view.push(self._finish)

    def _finished(self, finish: Finish, attempt: Attempt) -> Finish:
        usage = finish.usage or attempt.usage
        return replace(finish, usage=usage, backend=self._call.backend.name)

    def _lacks_text(self, finish: Finish) -> bool:
        return self._call.needs_text and not self._said.has_text and finish.reason != "stop"

    def _fail(self, error: BaseException) -> None:
        if self._reported:  # it was closed at exit, while another thread read it
            return
        if self.over:
            self.error = error
            return
        self.streaming = False
        secrets = self._call.secrets()
        redact(error, secrets)
        explain_unreachable(error)
        self._retried = error if any(secrets) else None
        wait = self._recovery.after(error, self._attempt)
        if wait is None:
            self._give_up(self._recovery.reason(error))
        else:
            self._try_again(wait, error)

    def _try_again(self, wait: float, error: BaseException) -> None:
        self.wait = wait
        attempt_failed(self._number, wait, error)
        self._view.push(RetryScheduled(self._number, wait, error))

    def _give_up(self, error: BaseException) -> None:
        if not vars(error).get("partial"):  # providers' errors have it too
            vars(error)["partial"] = self._said.best
        self.error = error
        following = self._recovery.next_call()
        if following is None:
            self.over = True
            return
        try:
            self._report()
        finally:
            self.error = None
            self._recovery.go_over(following)
            self._pace = following.pace
        self._try_again(0.0, error)


def _empty(finish: Finish) -> EmptyReplyError:
    more = "; predict.complete(...).tool_calls has the calls" if finish.tool_calls else ""
    return EmptyReplyError(f"the reply has no text: it finished with {finish.reason!r}{more}")
