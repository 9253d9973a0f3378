"""What the backends share that write the prompt themselves: its text, its stops, its resumption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .._content import text_of
from .._parts import Message
from .._reasoning import ends_inside
from ._continuing import is_bound, splits_stop
from ._stop_reader import StopReader
from ._stop_sequences import MOST_STOPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .._backend import Reader
    from ..templates import DialogueTemplate, Escape


class RawWire(NamedTuple):
    """How one API continues a prompt.

    Attributes:
        route: The end of its address.
        prompt: The name of the prompt in a request.
        body: Builds a request of a prompt, the options, and the stop sequences to send.
        reader: Makes a reader of its streams.
        resumed: Builds the request that continues a reply after a text.
        openai_names: Its names for the request options of OpenAI's API.
    """

    route: str
    prompt: str
    body: Callable[[str, Mapping[str, Any], Sequence[str]], dict[str, Any]]
    reader: Callable[..., Reader]
    resumed: Callable[[Mapping[str, Any], str], dict[str, Any]]
    openai_names: Mapping[str, str]


class RawPrompt(NamedTuple):
    """How a conversation becomes a prompt on a wire, and how the reply is read.

    Attributes:
        wire: The API.
        template: The chat template.
        escape: What happens to control tokens in the text of a conversation.
        stops: Stop sequences beside the template's own.
        cumulative: Whether the server sends the text so far where the new text belongs.
        backend: The backend's name, for errors.
    """

    wire: RawWire
    template: DialogueTemplate
    escape: Escape
    stops: tuple[str, ...]
    cumulative: bool
    backend: str

    def body(self, conversation: Sequence[Message], options: Mapping[str, Any]) -> dict[str, Any]:
        """Build the request.

        Its prompt begins without the beginning-of-sequence token, which servers add.

        Raises:
            UnsupportedContentError: A message holds more than text.
            TemplateError: The template cannot write a message.
            OptionError: The wire does not know an option, or not this value of it.
        """
        texts = [Message(role, text_of(content, self.backend)) for role, content in conversation]
        prompt = self.template.render(texts, escape=self.escape)
        return self.wire.body(prompt, options, self._sent(options.get("stop", ())))

    def _sent(self, wanted: Iterable[str]) -> list[str]:
        """Choose the stop sequences to send: servers take four, the others are enforced here.

        The template's end token comes first, because it ends nearly every reply.
        """
        end, others = self.template.stop[:1], self.template.stop[1:]
        return list(dict.fromkeys((*end, *self.stops, *wanted, *others)))[:MOST_STOPS]

    def reader(self) -> Reader:
        """Give a fresh reader for one attempt."""
        reader = self.wire.reader(cumulative=self.cumulative)
        return StopReader(reader, self._enforced) if self._enforced else reader

    @property
    def _enforced(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.template.stop, *self.stops)))

    def begins_in_reasoning(self, payload: Mapping[str, Any]) -> bool:
        """Say whether the prompt ends with an opened block of reasoning."""
        return ends_inside(payload[self.wire.prompt])

    def resumed(self, payload: Mapping[str, Any], text: str) -> dict[str, Any] | None:
        """Build the request that goes on after `text`; None when it cannot."""
        bound = is_bound({**payload, **payload.get("parameters", {})})
        if bound or splits_stop(self._enforced, text):
            return None
        return self.wire.resumed(payload, text)


def template_of(template: DialogueTemplate | str) -> DialogueTemplate:
    """Give a template, looked up if it is a name."""
    if isinstance(template, str):
        from ..templates import get_template

        return get_template(template)
    return template
