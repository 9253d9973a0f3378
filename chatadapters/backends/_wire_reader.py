"""What the readers of all OpenAI wires share: from bytes to events, whatever the body really is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._backend import Reader
from .._errors import LimitExceededError, MalformedStreamError, StreamError
from .._events import Done, Failed
from .._json import loads
from .._policies import Limits
from .._sse import SSEDecoder
from ._collector import Collector
from ._wire_errors import error_in, not_a_stream, reported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._events import ReaderEvent
    from ._event_form import EventForm

EVENT_LIMIT = Limits().event
_BLANK = b"\xef\xbb\xbf \t\r\n"


class WireReader(Reader):
    """Reads an event stream, or the plain JSON body that came in its place.

    A subclass reads the JSON of one event in `_event` and tells `_out` what it says.

    Args:
        cumulative: Whether the server sends the text so far where the new text belongs.
        leaks: Whether control tokens at the end of the answer are dropped.
        limit: Most bytes of one event, or of a body that is no stream.
        form: Finds the text of events in which nothing else is new, if the API has such.
    """

    __slots__ = ("_form", "_opening", "_out", "_over", "_sse")

    def __init__(
        self,
        *,
        cumulative: bool = False,
        leaks: bool = False,
        limit: int = EVENT_LIMIT,
        form: EventForm | None = None,
    ) -> None:
        self._opening: _Opening | None = _Opening(limit)
        self._sse = SSEDecoder(limit)
        self._out = Collector(cumulative=cumulative, leaks=leaks)
        self._form = form
        self._over = False

    def bound(self, event: int) -> None:
        """Set the most bytes of one event, or of a body that is no stream."""
        self._sse.limit = event
        if self._opening is not None:
            self._opening.limit = event

    def feed(self, chunk: bytes) -> Sequence[ReaderEvent]:
        """Read one block of bytes."""
        if self._over:
            return ()
        form, sse = self._form, self._sse
        try:
            if (
                form is not None
                and sse.fresh
                and len(chunk) <= sse.limit
                and (text := form.text(chunk, True))  # one event a block: what most servers send
            ):
                return self._out.alone(text)
            if self._opening is not None:
                chunk = self._begin(chunk)
            for name, data in sse.feed(chunk):
                if form is not None and not name and (text := form.text(data)):
                    self._out.text(text)
                elif data[:1] == b"{" and name != "error":
                    self._event(data)
                elif self._unusual(name, data.strip()):
                    break
        except StreamError as error:
            return self._broken(error)
        return self._out.take()

    def finish(self) -> Sequence[ReaderEvent]:
        """Read what is left: an event without its blank line, or a whole body."""
        if self._over:
            return ()
        try:
            self._rest()
        except StreamError as error:
            return self._broken(error)
        self._ending()
        return self._out.take(last=True)

    def _event(self, data: bytes) -> None:
        """Read the JSON of one event."""
        raise NotImplementedError  # each API has its own

    def _ending(self) -> None:
        """Take note that nothing follows."""

    def _whole(self, data: bytes) -> None:
        """Read a JSON body that came in place of a stream."""
        self._event(data)

    def _rest(self) -> None:
        if self._opening is None:
            for name, data in self._sse.flush():
                self._unusual(name, data.strip())
            return
        body = bytes(self._opening.body.strip(_BLANK))
        if body and not (self._is_answer(body) and self._out):
            raise not_a_stream(body)

    def _is_answer(self, body: bytes) -> bool:
        try:
            self._listed(body)
            self._whole(body)
            self._ending()
        except MalformedStreamError:
            return False
        return True

    def _unusual(self, name: str, data: bytes) -> bool:
        """Read the end mark, an error, a keep-alive or JSON; say whether nothing follows."""
        if data == b"[DONE]":
            self._over = True
            self._ending()
            self._out.end(Done())
        elif data and name == "error":
            raise reported(_value(data))
        elif data:
            self._listed(data)
            self._event(data)
        return self._over

    def _listed(self, data: bytes) -> None:
        """Look for an error in a list, in which Google's come."""
        if data[:1] == b"[" and isinstance(found := loads(data), list):
            for each in found[:1]:
                if isinstance(each, dict) and (error := error_in(each)) is not None:
                    raise error

    def _no_answer(self, data: bytes) -> None:
        """Look for an error in an event that has nothing that an answer has."""
        if (error := error_in(loads(data))) is not None:
            raise error

    def _begin(self, block: bytes) -> bytes:
        head = self._opening.feed(block) if self._opening else block
        if head:
            self._opening = None
        return head

    def _broken(self, error: StreamError) -> Sequence[ReaderEvent]:
        self._over = True
        return [*self._out.take(), Failed(error)]


class _Opening:
    """Holds the beginning of a body back until it shows whether this is an event stream.

    A BOM and blanks at the very start are dropped: they say nothing in either kind of body.
    """

    def __init__(self, limit: int) -> None:
        self.body = bytearray()
        self.limit = limit
        self._size = 0  # with the blanks

    def feed(self, block: bytes) -> bytes:
        """Take a block; give all that counts when it is an event stream, else nothing."""
        self._size += len(block)
        if not self.body:
            block = block.lstrip(_BLANK)
            if block.startswith(b"<"):
                raise not_a_stream(block)
            if block and not block.startswith((b"{", b"[")):
                return block
        self.body += block
        if self._size > self.limit:
            raise LimitExceededError(
                f"what came in place of a stream is longer than {self.limit} bytes; "
                "if that is wanted, set a larger Limits(event=...)"
            )
        return b""


def _value(data: bytes) -> object:
    try:
        return loads(data)
    except MalformedStreamError:
        return data.decode(errors="replace")
