"""What a backend is: `build` and `reader` decide, `stream` and `astream` do I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence

    from ._events import ReaderEvent
    from ._parts import Message
    from ._policies import Timeout

Payload: TypeAlias = Any
Chunk: TypeAlias = Any


class Reader:
    """Turns the chunks of one attempt into events; it is fed and asked, and does no I/O.

    Text of one chunk is best given as one `Text`. What breaks inside a chunk is best given as
    `Failed(ProviderStreamError(...))` behind the events that came before it; an error that is
    raised loses them. A reader need not care whether the stream was complete: that is decided
    from the `Finish` it gave or did not give.

    Example:
        >>> from chatadapters import Finish, Reader, Text
        >>> class Lines(Reader):
        ...     def feed(self, chunk):
        ...         return [Finish("stop")] if chunk == "." else [Text(chunk)]
        >>> Lines().feed("Hello")
        [Text(delta='Hello')]
    """

    def feed(self, chunk: Chunk) -> Sequence[ReaderEvent]:
        """Read one chunk.

        Args:
            chunk: What the backend's `stream` yielded, such as a block of bytes.

        Returns:
            The events that are complete now, in order.
        """
        raise _unwritten(self, "feed(chunk)", "gives the events of one chunk, such as [Text(...)]")

    def bound(self, event: int) -> None:
        """Take note of how many bytes one event may have, before anything is fed.

        Args:
            event: `Limits.event`, in bytes.
        """

    def finish(self) -> Sequence[ReaderEvent]:
        """Read what is left when the stream has ended.

        Returns:
            The last events, often none.
        """
        return ()

    def broke(self) -> Sequence[ReaderEvent]:
        """Say, when the stream broke, whether the reply had ended before.

        Returns:
            A finish that was held back because more might have followed; else nothing.
        """
        return ()


class TimedStream(Protocol):
    """A stream of bytes that never waits longer than it is told."""

    def read(self, deadline: float | None) -> bytes:
        """Give the next bytes, or none when the deadline of the monotonic clock came first.

        Raises:
            StopIteration: The stream has ended.
        """
        ...

    def close(self) -> None:
        """End it."""
        ...


class Backend:
    """One provider: its request, its stream and how to read it.

    A backend holds configuration only, best as a frozen dataclass: one object serves every
    chat session at once. Third parties subclass it, run `chatadapters.testing.BackendContract`
    on it and register it under the entry-point group `chatadapters.backends`.

    Example:
        >>> from chatadapters import Backend, Finish, Reader, Text, make_predict
        >>> class Shout(Backend):
        ...     name = "shout"
        ...     def build(self, conversation, options):
        ...         return conversation[-1].content.upper()
        ...     def reader(self):
        ...         return ShoutReader()
        ...     def stream(self, payload, timeout):
        ...         yield from payload
        ...     async def astream(self, payload, timeout):
        ...         for letter in payload:
        ...             yield letter
        >>> class ShoutReader(Reader):
        ...     def feed(self, chunk):
        ...         return [Text(chunk)]
        ...     def finish(self):
        ...         return [Finish("stop")]
        >>> make_predict(Shout()).complete("hello").text
        'HELLO'
    """

    name: ClassVar[str] = "backend"
    #: Whether a broken reply is resumed by default, because the prompt is built by us.
    resumes: ClassVar[bool] = False

    def build(self, conversation: Sequence[Message], options: Mapping[str, Any]) -> Payload:
        """Build exactly what is sent, without network and without a client.

        Args:
            conversation: Messages as `normalize` gives them.
            options: The provider's own request options, and `stop` (a tuple of strings) when
                stop sequences are set.

        Returns:
            The payload that `stream` and `astream` take.
        """
        raise _unwritten(self, "build(conversation, options)", "gives what is sent")

    def reader(self) -> Reader:
        """Give a fresh reader for one attempt."""
        raise _unwritten(self, "reader()", "gives a new Reader, which turns chunks into events")

    def stream(self, payload: Payload, timeout: Timeout) -> Iterator[Chunk]:
        """Send the payload and yield what comes back, undecided.

        It is run in a thread of its own. An iterator that has a method `abort()` is asked by
        it, from another thread, to end a blocked read at once; one that is a plain generator
        is left to end by its own read timeout.

        Args:
            payload: What `build` gave.
            timeout: `connect`, `first` and `idle` bound what the transport waits for; the
                clocks themselves are kept outside.

        Yields:
            Chunks, in any form that the reader knows.
        """
        raise _unwritten(self, "stream(payload, timeout)", "sends and yields chunks")

    def timed_stream(self, payload: Payload, timeout: Timeout) -> TimedStream | None:
        """Give a stream of bytes that never waits longer than it is told, if there is one.

        Such a stream needs no thread of its own: the consumer reads it, waits included.

        Args:
            payload: What `build` gave.
            timeout: As in `stream`.

        Returns:
            The stream, which sends the payload with its first read; or None, then `stream` is
            called.
        """
        return None

    def astream(self, payload: Payload, timeout: Timeout) -> AsyncIterator[Chunk]:
        """Send the payload and yield what comes back; the async twin of `stream`.

        An iterator that has a coroutine method `pour(put)` is not iterated: it calls `put` with
        each chunk the moment it comes, and returns at the end. Where `put` gives a future, nobody
        has room for more before it is done. `put(chunk, True)` says that all that comes until then
        will be one chunk; such a stream is also told to wait while nothing may be shown.

        Args:
            payload: What `build` gave.
            timeout: As in `stream`.

        Yields:
            Chunks, in any form that the reader knows.
        """
        raise _unwritten(
            self, "astream(payload, timeout)", "is an async generator, the twin of stream"
        )

    def check_names(self, names: Iterable[str]) -> None:
        """Check names of request options; asked when a predict with additional inputs is made.

        Args:
            names: Those of the inputs that are no options of this backend or of every predict.

        Raises:
            OptionError: One is none, as far as is known without an SDK.
        """

    def conversation_field(self) -> str:
        """Give the field of a request that has the conversation, which `extra_body` may not have.

        Returns:
            Its name; `""` where none is known.
        """
        return ""

    def request_options(self) -> Mapping[str, str]:
        """Give the request options of OpenAI's API that this provider takes.

        Returns:
            Its own names for them, by OpenAI's; a server made of this backend passes them on.
        """
        return {}

    def special_tokens(self) -> Sequence[str]:
        """Give the control tokens that may come as text and must never show."""
        return ()

    def starts_inside_reasoning(self, payload: Payload) -> bool:
        """Say whether the prompt ends inside a reasoning block, so that the reply begins in it.

        Args:
            payload: What `build` gave.
        """
        return False

    def resume(self, payload: Payload, text: str) -> Payload | None:
        """Build the payload that continues a reply.

        Args:
            payload: What the broken attempt sent.
            text: The raw text of the reply so far, cut at its last white space.

        Returns:
            The payload whose reply continues right after `text`, or None: this backend cannot.
        """
        return None

    def retryable(self, error: BaseException) -> bool | None:
        """Say whether an error of this provider is worth another attempt.

        Args:
            error: What `stream` or `astream` raised.

        Returns:
            True or False where the backend knows, None to let the error's type, HTTP status
            and headers decide.
        """
        return None

    def secrets(self) -> Sequence[str]:
        """Give the keys that must never show in an error."""
        return ()

    def close(self) -> None:
        """Close the clients this backend made; the next message makes new ones."""

    async def aclose(self) -> None:
        """Close the clients this backend made for the running event loop."""


def _unwritten(owner: object, method: str, does: str) -> NotImplementedError:
    return NotImplementedError(f"{type(owner).__name__} has no {method} of its own: it {does}")
