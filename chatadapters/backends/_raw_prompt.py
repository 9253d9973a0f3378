"""What the backends share that write the prompt themselves: its text, its stops, its resumption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._backend import Reader
from .._content import text_of
from .._conversation import Message
from .._errors import OptionError
from .._events import Done, Finish, Text, Usage
from .._stop import StopFilter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .._events import ReaderEvent
    from ..templates import DialogueTemplate, Escape

MOST_STOPS = 4


def template_of(template: str | DialogueTemplate) -> DialogueTemplate:
    """Give a template, looked up if it is a name."""
    if not isinstance(template, str):
        return template
    from ..templates import get_template

    return get_template(template)


def prompt_of(
    template: DialogueTemplate, conversation: Sequence[Message], escape: Escape, backend: str
) -> str:
    """Write the prompt of a conversation.

    It begins without the beginning-of-sequence token, which servers add to a raw prompt.

    Raises:
        UnsupportedContentError: A message holds more than text; the error names the backend.
        TemplateError: The template cannot write a message.
    """
    texts = [Message(role, text_of(content, backend)) for role, content in conversation]
    return template.render(texts, escape=escape)


def checked_stops(given: str | Sequence[Any]) -> tuple[str, ...]:
    """Give the stop sequences of a request as a tuple.

    Raises:
        OptionError: They are not strings, or more than a server takes.
    """
    stops = (given,) if isinstance(given, str) else tuple(given)
    if not all(isinstance(stop, str) and stop for stop in stops):
        raise OptionError(f"stop_sequences={given!r}: give strings that are not empty")
    if len(stops) > MOST_STOPS:
        raise OptionError(
            f"stop_sequences={given!r}: servers take {MOST_STOPS} by default. Give them as stop=: "
            f"{MOST_STOPS} are sent then, and all are enforced here"
        )
    return stops


def sent_stops(template: DialogueTemplate, wanted: Iterable[str]) -> list[str]:
    """Choose the stop sequences that are sent: servers take four, ours enforce all of them.

    The template's end token comes first, because it ends nearly every reply, then those that
    are wanted, then the template's others.
    """
    order = (*template.stop[:1], *wanted, *template.stop[1:])
    return list(dict.fromkeys(order))[:MOST_STOPS]


def may_resume(stops: Iterable[str], text: str) -> bool:
    """Say whether a reply may go on after `text` without missing a stop that is split there."""
    return not any(text.endswith(stop[:n]) for stop in stops for n in range(1, len(stop)))


def fewer_tokens(options: Mapping[str, Any], names: Iterable[str], text: str) -> dict[str, Any]:
    """Lower the limits of tokens by what `text` took at least: a word is a token or more."""
    told = len(text.split())
    limits = {name: options.get(name) for name in names}
    left = {name: max(1, n - told) for name, n in limits.items() if isinstance(n, int) and n > 0}
    return {**options, **left}


def opens_reasoning(prompt: str) -> bool:
    """Say whether a prompt ends with an opened block of reasoning."""
    return prompt.rstrip().endswith("<think>")


class StopReader(Reader):
    r"""Cuts what another reader gives at the first of some stop sequences.

    Servers are told four stop sequences at most, and TGI shows the one it stopped at.

    Args:
        reader: Reads the wire.
        stops: Stop sequences of the raw text.

    Example:
        >>> from chatadapters.backends._tgi import TgiReader
        >>> reader = StopReader(TgiReader(), ["<|end|>"])
        >>> reader.feed(b'data:{"token": {"text": "Hi<|end|>"}}\n\n')
        [Text(delta='Hi'), Finish(reason='stop', usage=None, backend='', tool_calls=()), Done()]
    """

    def __init__(self, reader: Reader, stops: Iterable[str]) -> None:
        self._reader = reader
        self._stop = StopFilter(tuple(dict.fromkeys(stops)))

    def feed(self, chunk: bytes) -> Sequence[ReaderEvent]:
        """Read one block of bytes."""
        return [cut for event in self._reader.feed(chunk) for cut in self._read(event)]

    def finish(self) -> Sequence[ReaderEvent]:
        """Read what is left when the stream has ended."""
        left = [cut for event in self._reader.finish() for cut in self._read(event)]
        return left + self._flushed()

    def _read(self, event: ReaderEvent) -> list[ReaderEvent]:
        if self._stop.stopped is not None:
            return [event] if isinstance(event, Usage) else []
        if isinstance(event, Text):
            return self._shown(self._stop.feed(event.delta))
        if not isinstance(event, Finish):
            return [event]
        flushed = self._flushed()
        return flushed if self._stop.stopped is not None else [*flushed, event]

    def _flushed(self) -> list[ReaderEvent]:
        return self._shown(self._stop.flush()) if self._stop.stopped is None else []

    def _shown(self, text: str) -> list[ReaderEvent]:
        shown: list[ReaderEvent] = [Text(text)] if text else []
        return shown if self._stop.stopped is None else [*shown, Finish("stop"), Done()]
