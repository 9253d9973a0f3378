"""Servers that continue a prompt: TGI on its own wire, others by their raw completions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, TypeAlias

from .._errors import OptionError
from ._http_backend import HTTPBackend, check_url, with_route
from ._openai_completions import CompletionsReader
from ._raw_completions import completions_body, completions_resumed
from ._raw_prompt import (
    StopReader,
    checked_stops,
    may_resume,
    opens_reasoning,
    prompt_of,
    sent_stops,
    template_of,
)
from ._tgi import TgiReader, tgi_body, tgi_resumed
from ._tgi_errors import as_tgi_error, retryable
from ._wire_options import COMPLETIONS_OPENAI_NAMES, TGI_OPENAI_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .._backend import Reader
    from .._conversation import Message
    from .._http import HTTPStatusError
    from ..templates import DialogueTemplate, Escape
    from ._openai_stream import WireReader

WireName: TypeAlias = Literal["tgi", "completions"]


class _Wire(NamedTuple):
    route: str
    body: Callable[[str, Mapping[str, Any], Sequence[str]], dict[str, Any]]
    reader: Callable[..., WireReader]
    resumed: Callable[[Mapping[str, Any], str], dict[str, Any]]
    prompt: str
    openai_names: Mapping[str, str]
    wrong: str


_WIRES: Mapping[str, _Wire] = {
    "tgi": _Wire(
        "/generate_stream",
        tgi_body,
        TgiReader,
        tgi_resumed,
        "inputs",
        TGI_OPENAI_NAMES,
        "is a text-generation server at base_url? One that has OpenAI's API takes "
        'wire="completions" and a base_url that ends in /v1',
    ),
    "completions": _Wire(
        "/completions",
        completions_body,
        CompletionsReader,
        completions_resumed,
        "prompt",
        COMPLETIONS_OPENAI_NAMES,
        "is base_url right? It usually ends in /v1",
    ),
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
        if self.wire not in _WIRES:
            raise OptionError(f"wire={self.wire!r}: give 'tgi' or 'completions'")
        if self.model and not self.base_url:  # from the string "text-generation:http://..."
            object.__setattr__(self, "base_url", self.model)
            object.__setattr__(self, "model", None)
        check_url("base_url", self.base_url)
        if self.model and self.wire == "tgi":
            raise OptionError(
                f"model={self.model!r}: a TGI server has one model; adapter_id= names an adapter"
            )
        object.__setattr__(self, "stop_sequences", checked_stops(self.stop_sequences))

    def build(self, conversation: Sequence[Message], options: Mapping[str, Any]) -> dict[str, Any]:
        """Build the body of the request, its prompt included."""
        template = template_of(self.template)
        prompt = prompt_of(template, conversation, self.escape, self.name)
        stops = sent_stops(template, (*self.stop_sequences, *options.get("stop", ())))
        body = _WIRES[self.wire].body(prompt, options, stops)
        return {"model": self.model, **body} if self.model else body

    def reader(self) -> Reader:
        """Give a fresh reader for one attempt."""
        reader = _WIRES[self.wire].reader(cumulative=self.cumulative)
        stops = self._own_stops()
        return StopReader(reader, stops) if stops else reader

    def _own_stops(self) -> tuple[str, ...]:
        return (*template_of(self.template).stop, *self.stop_sequences)

    def special_tokens(self) -> Sequence[str]:
        """Give the control tokens of the template."""
        return template_of(self.template).special_tokens

    def request_options(self) -> Mapping[str, str]:
        """Give the request options of OpenAI's API that the wire has, by its names for them."""
        return _WIRES[self.wire].openai_names

    def starts_inside_reasoning(self, payload: Mapping[str, Any]) -> bool:
        """Say whether the prompt ends with an opened `<think>`."""
        return opens_reasoning(payload[_WIRES[self.wire].prompt])

    def resume(self, payload: Mapping[str, Any], text: str) -> dict[str, Any] | None:
        """Build the request that goes on after `text`, with at least the tokens that are left."""
        resumed = _WIRES[self.wire].resumed
        return resumed(payload, text) if may_resume(self._own_stops(), text) else None

    def retryable(self, error: BaseException) -> bool | None:
        """Say whether a failure that the server names may pass."""
        return retryable(error)

    def _url(self) -> str:
        return with_route(self.base_url, _WIRES[self.wire].route)

    def _hint(self, status: int) -> str:
        if status in (404, 405):
            return _WIRES[self.wire].wrong
        return super()._hint(status)

    def _told(self, error: HTTPStatusError) -> Exception:
        return as_tgi_error(error) if self.wire == "tgi" else error
