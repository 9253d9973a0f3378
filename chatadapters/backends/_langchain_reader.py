"""Reads what LangChain streams: message chunks, strings, and the tuples of LangGraph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._backend import Reader
from .._errors import ChatAdaptersError, LimitExceededError
from .._events import Failed, Finish, Progress, Reasoning, Restarted, Text
from .._policies import Limits
from ._langchain_call import ModelCall
from ._langchain_chunks import added, calls_in, message_in, unreadable
from ._langchain_place import Place, place_in, run_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._events import ReaderEvent, Usage

_OTHER_ROLES = ("function", "human", "remove", "system", "tool")
_NOWHERE = Place()


class LangChainReader(Reader):
    """Reads the stream of one chat model, or of a chain or graph that may call several.

    The texts of several calls are a blank line apart. Of calls that run side by side, the one
    that began first is shown as it comes; the others wait until it is over.

    Args:
        one_call: Whether all comes from one call of one model; its finish then ends the reply.
            Else only the end of the stream does, with the finish of the last call.
        says_why: Asked at the end: whether a stream without a finish reason is incomplete.
        cumulative: Whether each chunk has the text so far where the new text belongs.

    Example:
        >>> from langchain_core.messages import AIMessageChunk
        >>> LangChainReader().feed(AIMessageChunk("Hello"))
        [Text(delta='Hello')]
    """

    def __init__(
        self,
        *,
        one_call: bool = True,
        says_why: Callable[[], bool] = lambda: False,
        cumulative: bool = False,
    ) -> None:
        self._one_call, self._says_why, self._cumulative = one_call, says_why, cumulative
        self._calls: list[ModelCall] = []  # the one that is shown, and those that wait for it
        self._over: list[ModelCall] = []  # those whose text was shown before it
        self._by_run: dict[str, ModelCall] = {}
        self._by_task: dict[str, ModelCall] = {}
        self._beside: list[dict[str, Any]] = []  # tool calls of those that were over before it
        self._answered: set[object] = set()  # ids of calls whose results tools have given
        self._events: list[ReaderEvent] = []
        self._usage: Usage | None = None
        self._like: Any = None  # a chunk of nothing but text, after which more of it may follow
        self._has_text = self._gap = self._given = False
        self._held = 0
        self._limit = Limits().event

    def bound(self, event: int) -> None:
        """Set how many characters may wait for another call."""
        self._limit = event

    def feed(self, chunk: Any) -> list[ReaderEvent]:
        """Read one chunk."""
        if type(chunk) is type(self._like) and self._is_more_text(chunk):
            call = self._calls[0]
            call.text(chunk.content)
            return call.out.take()
        usage = self._usage
        try:
            self._chunk(chunk, _NOWHERE)
        except ChatAdaptersError as error:
            return [*self._rest(), Failed(error)]
        events = self._shown()
        if self._usage is not usage and self._usage is not None:
            events.append(self._usage)
        return events

    def finish(self) -> list[ReaderEvent]:
        """Read what is left when the stream has ended."""
        events = self._rest()
        last = self._calls[0] if self._calls else None
        beside = [call for call in self._beside if call["id"] not in self._answered]
        calls = (*beside, *(last.tools() if last else ()))
        if last and last.finish:
            if not self._given:
                events.append(_finish(last.finish.reason, calls) if beside else last.finish)
        elif not ((last and last.expected) or self._says_why()):
            events.append(Finish("unknown", tool_calls=calls))
        return events

    def broke(self) -> list[ReaderEvent]:
        """Give the finish that came with the last text, unless this model says one with each."""
        last = self._calls[0] if self._one_call and self._calls else None
        return self.finish() if last and last.finish and not last.early else []

    def _chunk(self, chunk: Any, place: Place) -> None:
        if getattr(chunk, "content", None) is not None:
            self._message(chunk, place)
        elif isinstance(chunk, str):
            call = self._calls[0] if self._calls else self._begin(place)
            call.text(chunk)
        elif isinstance(chunk, tuple):
            self._chunk(message_in(chunk), place_in(chunk))
        else:
            raise unreadable(chunk)

    def _is_more_text(self, message: Any) -> bool:
        is_of_it = self._one_call or message.id == self._like.id
        return is_of_it and self._calls[0].is_more_text(message)

    def _message(self, message: Any, place: Place) -> None:
        if not self._one_call:
            if self._is_handed_on(message):
                self._events.append(Progress(1))
                return
            while self._calls and self._calls[0].place.is_before(place):
                self._next()
            if message.type.lower().startswith(_OTHER_ROLES):
                self._other(message, place)
                return
        calls = calls_in(message)
        call = self._call_of(message, place, brings=bool(message.content or calls))
        call.read(message, calls)
        if counts := getattr(message, "usage_metadata", None):
            self._usage = added(self._usage, counts)
        if self._calls and call is not self._calls[0]:
            self._hold(message)
        elif self._one_call and call.ended and call.finish and not self._given:
            self._given = True
            call.out.end(call.finish)

    def _is_handed_on(self, message: Any) -> bool:
        """Say whether a node gives what a model has said, in a message of its own making.

        LangGraph tells the two apart by their ids, and so streams both.
        """
        if message.type != "ai" or message.response_metadata or run_in(message):
            return False
        if getattr(message, "usage_metadata", None) or calls_in(message):
            return False
        again = ModelCall(_NOWHERE)
        again.read(message, ())
        calls = (*self._by_run.values(), *self._by_task.values())
        return bool(again.said) and any(call.said == again.said for call in calls)

    def _other(self, message: Any, place: Place) -> None:
        """Take note that a tool or a person speaks: what is said next is of another call."""
        self._events.append(Progress(1))
        self._answered.add(getattr(message, "tool_call_id", None))
        shown = self._calls[0] if self._calls else None
        if shown and (shown.ended or not place.task or shown.place.task == place.task):
            self._next()

    def _call_of(self, message: Any, place: Place, *, brings: bool) -> ModelCall:
        """Find the call that a message is of, or begin one.

        Args:
            message: The message, or a chunk of one.
            place: Where it was made.
            brings: Whether it has content; what a call says when it is over has none.
        """
        if self._one_call:
            return self._calls[0] if self._calls else self._begin(place)
        run = run_in(message)
        call = self._by_run.get(run) if run else None
        if call is None:
            call = self._by_task.get(place.task)
            if call and run and (call.run or call.ended):
                call = None
        if call is None or (call.ended and brings):
            call = self._begin(place)
        if run:
            call.run = run
            self._by_run[run] = call
        return call

    def _begin(self, place: Place) -> ModelCall:
        while self._calls and self._calls[0].ended:
            self._next()
        call = ModelCall(place, cumulative=self._cumulative, alone=self._one_call)
        self._calls.append(call)
        self._by_task[place.task] = call
        return call

    def _hold(self, message: Any) -> None:
        """Take note that something waits; it counts as life, so that no clock runs out."""
        self._events.append(Progress(1))
        self._held += len(str(message.content))
        if self._held > self._limit:
            raise LimitExceededError(
                f"what waits for another model call of the graph is longer than {self._limit} "
                "characters; if that is wanted, set a larger Limits(event=...)"
            )

    def _next(self) -> None:
        """Turn from the call that is shown to the one that began after it."""
        over = self._calls.pop(0)
        self._take(over, last=True)
        if self._broke(over):
            self._take_back()
        else:
            self._over.append(over)
            self._beside = [*self._beside, *over.tools()] if self._calls else []
        self._gap = self._has_text
        if len(self._calls) < 2:  # noqa: PLR2004 - none waits
            self._held = 0

    def _broke(self, over: ModelCall) -> bool:
        """Say whether a call failed, and another of its task took its place.

        LangChain's retries and fallbacks stream what came of the one that failed, and never say so.
        """
        task = over.place.task
        after = (call for call in self._calls if call.place.task == task)
        return bool(task) and not over.ended and any(call.last for call in after)

    def _take_back(self) -> None:
        """Begin the text again, with what was said before the call that is shown."""
        self._events.append(Restarted(0))
        self._has_text = False
        for call in self._over:
            if call.thought:
                self._events.append(Reasoning(call.thought))
            if call.said:
                self._events.append(Text("\n\n" + call.said if self._has_text else call.said))
                self._has_text = True

    def _take(self, call: ModelCall, *, last: bool) -> None:
        for event in call.out.take(last=last):
            if self._gap and isinstance(event, Text):
                self._gap = False
                event = Text("\n\n" + event.delta)  # noqa: PLW2901 - the same one, set apart
            self._has_text = self._has_text or isinstance(event, Text)
            self._events.append(event)

    def _shown(self) -> list[ReaderEvent]:
        """Give the events that may be shown now."""
        while len(self._calls) > 1 and self._calls[0].ended:
            self._next()
        return self._taken(last=False)

    def _rest(self) -> list[ReaderEvent]:
        """Give the events of all calls that there are."""
        while len(self._calls) > 1:
            self._next()
        return self._taken(last=True)

    def _taken(self, *, last: bool) -> list[ReaderEvent]:
        if self._calls:
            self._take(self._calls[0], last=last)
        is_begun = self._has_text and not self._gap and bool(self._calls)
        self._like = self._calls[0].like if is_begun else None
        events, self._events = self._events, []
        return events


def _finish(reason: str, calls: tuple[dict[str, Any], ...]) -> Finish:
    return Finish("tool_calls" if reason == "stop" else reason, tool_calls=calls)
