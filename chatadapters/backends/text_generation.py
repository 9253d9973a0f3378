"""Servers that continue a prompt: TGI on its own wire, others by their raw completions.

What a message needs is imported by the first one, so that a predict is made in a moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from .._checks import check_escape, check_template
from .._errors import OptionError
from ._addresses import check_name, check_url, with_route
from ._http_backend import HTTPBackend
from ._stop_sequences import checked_stops

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .._backend import Reader
    from .._http_errors import HTTPStatusError
    from .._parts import Message
    from ..templates import DialogueTemplate, Escape
    from ._raw_prompt import RawPrompt, RawWire

WireName: TypeAlias = Literal["tgi", "completions"]
_WRONG_PLACE: Mapping[str, str] = {
    "tgi": "is a text-generation server at base_url? One that has OpenAI's API takes "
    'wire="completions" and a base_url that ends in /v1',
    "completions": "is base_url right? It usually ends in /v1",
}


@dataclass(frozen=True, repr=False)
class TextGenerationBackend(HTTPBackend):
    """A model behind a server that continues a prompt; the chat template is applied here.

    So the text of a conversation cannot forge a turn, a model is talked to in the format it was
    trained on, and a broken reply goes on where it broke. The prompt is sent without the
    beginning-of-sequence token, because these servers add it.

    Stop sequences are the template's own, `stop_sequences`, and the `stop` of `make_predict`:
    four are sent, because servers take no more, and all of them are enforced here.

    With `wire="tgi"` the options are TGI's parameters. Say `max_new_tokens`, because without it
    some servers stop after 20 or 100 tokens. Where the package `text-generation` is installed
    it checks their values, and failures that the server names have its types, such as
    `text_generation.errors.OverloadedError`.

    Attributes:
        base_url: The server: `/generate_stream` is added to it, or with `wire="completions"`,
            where it usually ends in `/v1`, `/completions`.
        model: The model's name, for servers of raw completions that have several.
        template: The model's chat template, or the name of one.
        wire: `"tgi"`, or `"completions"` for OpenAI's raw completions, as vLLM, llama.cpp, TGI
            and LM Studio have them (Ollama's put a template of their own around the prompt).
        escape: What happens to control tokens in the text of a conversation.
        stop_sequences: More stop sequences, four at most.
        cumulative: Whether the server, against the protocol, sends the text so far in every
            event; it is then turned into deltas.

    Example:
        >>> from chatadapters import Message
        >>> backend = TextGenerationBackend("http://127.0.0.1:8080", template="starchat")
        >>> backend.build([Message("user", "Hi")], {"max_new_tokens": 64})["parameters"]
        {'max_new_tokens': 64, 'details': True, 'stop': ['<|end|>']}
    """

    name: ClassVar[str] = "text-generation"
    resumes: ClassVar[bool] = True
    _shown: ClassVar[tuple[str, ...]] = ("base_url", "model", "wire")

    base_url: str = ""
    model: str | None = None
    template: DialogueTemplate | str = "starchat"
    wire: WireName = "tgi"
    escape: Escape = "escape"
    stop_sequences: str | Sequence[str] = ()
    cumulative: bool = False

    def __post_init__(self) -> None:
        if self.wire not in (*_WRONG_PLACE,):  # also of what has no hash
            raise OptionError(f"wire={self.wire!r}: give 'tgi' or 'completions'")
        if self.model and not self.base_url:  # from the string "text-generation:http://..."
            object.__setattr__(self, "base_url", self.model)
            object.__setattr__(self, "model", None)
        if not self.base_url:
            raise OptionError("which server? Give base_url= (--base-url in a shell)")
        check_url("base_url", self.base_url)
        if self.model:
            check_name("model", self.model)
        self._check_own()
        check_template(self.template)
        check_escape(self.escape)
        if self.model and self.wire == "tgi":
            raise OptionError(
                f"model={self.model!r}: a TGI server has one model; adapter_id= names an adapter"
            )
        object.__setattr__(self, "stop_sequences", checked_stops(self.stop_sequences))

    @cached_property
    def _raw(self) -> RawPrompt:
        from ._raw_prompt import RawPrompt, template_of

        template, stops = template_of(self.template), tuple(self.stop_sequences)
        return RawPrompt(self._wire, template, self.escape, stops, self.cumulative, self.name)

    @property
    def _wire(self) -> RawWire:
        if self.wire == "completions":
            from ._raw_completions import COMPLETIONS_WIRE

            return COMPLETIONS_WIRE
        from ._tgi import TGI_WIRE

        return TGI_WIRE

    def build(self, conversation: Sequence[Message], options: Mapping[str, Any]) -> dict[str, Any]:
        """Build the body of the request, its prompt included."""
        body = self._raw.body(conversation, options)
        return {"model": self.model, **body} if self.model else body

    def reader(self) -> Reader:
        """Give a fresh reader for one attempt."""
        return self._raw.reader()

    def check_names(self, names: Iterable[str]) -> None:
        """Check that the wire has options of these names."""
        from ._wire_options import COMPLETIONS, TGI, check_names

        check_names(names, TGI if self.wire == "tgi" else COMPLETIONS)

    def conversation_field(self) -> str:
        """Give the field that has the prompt."""
        return self._wire.prompt

    def request_options(self) -> Mapping[str, str]:
        """Give the request options of OpenAI's API that the wire has, by its names for them."""
        return self._wire.openai_names

    def special_tokens(self) -> Sequence[str]:
        """Give the control tokens of the template."""
        return self._raw.template.special_tokens

    def starts_inside_reasoning(self, payload: Mapping[str, Any]) -> bool:
        """Say whether the prompt ends with a tag that opens a block of reasoning."""
        return self._raw.begins_in_reasoning(payload)

    def resume(self, payload: Mapping[str, Any], text: str) -> dict[str, Any] | None:
        """Build the request that goes on after `text`, with at least the tokens that are left."""
        return self._raw.resumed(payload, text)

    def retryable(self, error: BaseException) -> bool | None:
        """Say whether a failure that the server names may pass."""
        from ._tgi_errors import retryable

        return retryable(error)

    def _url(self) -> str:
        return with_route(self.base_url, self._wire.route)

    def _hint(self, status: int) -> str:
        if status in (404, 405):
            return _WRONG_PLACE[self.wire]
        return super()._hint(status)

    def _told(self, error: HTTPStatusError) -> Exception:
        from ._tgi_errors import as_tgi_error

        return as_tgi_error(error) if self.wire == "tgi" else error
