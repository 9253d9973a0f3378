"""Models at Hugging Face: its router and endpoints by chat, TGI servers by prompt.

What a message needs is imported by the first one, so that a predict is made in a moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from .._checks import check_escape, check_template
from .._errors import OptionError
from ._addresses import check_name, check_url, with_route
from ._http_backend import HTTPBackend
from ._huggingface_hub import (
    InferenceClientLike,
    Lent,
    is_trusted,
    is_url,
    lent_by,
    router_url,
    saved_token,
    template_of_model,
)
from ._stop_sequences import MOST_STOPS, checked_stops

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .._backend import Reader
    from .._http_errors import HTTPStatusError
    from .._parts import Message
    from ..templates import DialogueTemplate, Escape
    from ._chat_resume import ResumeAs
    from ._raw_prompt import RawPrompt

Task: TypeAlias = Literal["chat", "text-generation"]
_CHAT_ROUTE = "/chat/completions"
#: What hub's own client calls the only model of a server.
_ONLY_MODEL = "dummy"
_TOKEN_START = "hf_"


@dataclass(frozen=True, repr=False)
class HuggingFaceBackend(HTTPBackend):
    """A model that Hugging Face's router finds, an inference endpoint, or a TGI server.

    Token, router and chat templates come from `huggingface_hub` (0.36 to 2.x). The saved token
    (`HF_TOKEN`, `hf auth login`) goes to Hugging Face's own addresses only; any other `base_url`
    gets what `token` says.

    With `task="chat"` the server writes the prompt. With `task="text-generation"` it is written
    here, for a TGI server at `base_url`: text cannot forge a turn then, and a broken reply goes
    on where it broke; the options are TGI's, as in `TextGenerationBackend`.

    Attributes:
        model: The model on the hub, such as `"meta-llama/Llama-3.3-70B-Instruct"`.
        provider: Who runs it: a name such as `"groq"`, or `"fastest"`, `"cheapest"` or
            `"preferred"`; by default the router decides.
        base_url: A server of its own: of an endpoint, of TGI, or of a provider.
        client: An `InferenceClient` or `AsyncInferenceClient` that lends its model, address,
            provider, token and headers.
        task: `"chat"` or `"text-generation"`.
        template: The chat template for `task="text-generation"`, or the name of one; by default
            the model's own, which the first message then downloads.
        escape: What happens to control tokens in the text, with a template.
        stop_sequences: More stop sequences, four at most.
        cumulative: Whether the server, against the protocol, sends the text so far in every
            event; it is then turned into deltas.
        resume_as: With `task="chat"`, the kind of server, if a reply that breaks is to go on
            where it broke, as in `OpenAIBackend`: `"tgi"`, `"vllm"` and so on.

    Example:
        >>> from chatadapters import Message
        >>> HuggingFaceBackend("openai/gpt-oss-20b", "groq").build([Message("user", "Hi")], {})
        {'model': 'openai/gpt-oss-20b:groq', 'messages': [{'role': 'user', 'content': 'Hi'}], \
'stream': True}
    """

    name: ClassVar[str] = "huggingface"
    resumes: ClassVar[bool] = True
    _shown: ClassVar[tuple[str, ...]] = ("model", "provider", "base_url", "task")

    model: str | None = None
    provider: str | None = None
    base_url: str | None = None
    client: InferenceClientLike | None = None
    task: Task = "chat"
    template: DialogueTemplate | str | None = None
    escape: Escape = "escape"
    stop_sequences: str | Sequence[str] = ()
    cumulative: bool = False
    resume_as: ResumeAs | None = None

    def __post_init__(self) -> None:
        if self.task not in ("chat", "text-generation"):
            raise OptionError(f"task={self.task!r}: give 'chat' or 'text-generation'")
        if is_url(self.model) and not self.base_url:
            object.__setattr__(self, "base_url", self.model)
            object.__setattr__(self, "model", None)
        if self.base_url is not None:
            check_url("base_url", self.base_url)
        for name in ("model", "provider"):
            if getattr(self, name):
                check_name(name, getattr(self, name))
        if self.base_url and self.provider:
            raise OptionError("give provider= for the router, or base_url= for a server of its own")
        if self.template is not None and self.task == "chat":
            raise OptionError(
                "template=: with task='chat' the server writes the prompt; a template is for "
                "task='text-generation'"
            )
        if self.template is not None:
            check_template(self.template)
        check_escape(self.escape)
        if self.resume_as is not None:
            self._check_resume_as()
        lent_by(self.client)
        self._check_own()
        object.__setattr__(self, "stop_sequences", checked_stops(self.stop_sequences))

    def _check_resume_as(self) -> None:
        from ._chat_resume import check_resume_as

        check_resume_as(self.resume_as)
        if self.task != "chat":
            raise OptionError("resume_as=...: without it, a reply to a prompt goes on anyway")

    def build(self, conversation: Sequence[Message], options: Mapping[str, Any]) -> dict[str, Any]:
        """Build the body of the request: messages, or the prompt."""
        if self.task == "text-generation":
            return self._raw.body(conversation, options)
        from ._openai_chat import chat_messages
        from ._wire_options import APART, CHAT, check_names

        check_names(options, CHAT)
        if self.resume_as:
            from ._chat_resume import check_server

            check_server(self.resume_as, self._url())
        own = {name: value for name, value in options.items() if name not in APART}
        messages = chat_messages(conversation, self.name)
        body = {"model": self._model(), "messages": messages, "stream": True, **own}
        if stops := [*self.stop_sequences, *options.get("stop", ())]:
            body["stop"] = stops[:MOST_STOPS]
        return {**body, **options.get("extra_body", {})}

    def _model(self) -> str:
        asked = self._asked
        if asked.base_url:
            return asked.model or _ONLY_MODEL
        if not asked.model:
            raise OptionError("which model? Give model=, or base_url= of a server that has one")
        return f"{asked.model}:{asked.provider}" if asked.provider else asked.model

    @property
    def _raw(self) -> RawPrompt:
        from ._raw_prompt import RawPrompt
        from ._tgi import TGI_WIRE

        stops = tuple(self.stop_sequences)
        return RawPrompt(TGI_WIRE, self._template(), self.escape, stops, self.cumulative, self.name)

    def _template(self) -> DialogueTemplate:
        if self.template is not None:
            from ._raw_prompt import template_of

            return template_of(self.template)
        model = self._asked.model
        if not model:
            raise OptionError("which chat template? Give template=, or model= to read its own")
        return template_of_model(model)

    @property
    def _asked(self) -> Lent:
        """Where to ask and as whom: what was given, and else what the client lends."""
        lent = lent_by(self.client)
        base_url = self.base_url or (None if self.provider else lent.base_url)
        provider = self.provider or lent.provider
        return Lent(
            self.model or lent.model,
            base_url,
            None if provider == "auto" else provider,
            lent.token,
            {**lent.headers, **(self.headers or {})},
        )

    def reader(self) -> Reader:
        """Give a fresh reader for one attempt."""
        if self.task == "text-generation":
            return self._raw.reader()
        from ._openai_chat import ChatReader

        return ChatReader(cumulative=self.cumulative, leaks=True)

    def check_names(self, names: Iterable[str]) -> None:
        """Check that the task has options of these names."""
        from ._wire_options import CHAT, TGI, check_names

        check_names(names, CHAT if self.task == "chat" else TGI)

    def conversation_field(self) -> str:
        """Give the field that has the conversation."""
        return "messages" if self.task == "chat" else "inputs"

    def request_options(self) -> Mapping[str, str]:
        """Give the request options of OpenAI's API that the task has, by its names for them."""
        from ._wire_options import CHAT_OPENAI_NAMES, TGI_OPENAI_NAMES

        return CHAT_OPENAI_NAMES if self.task == "chat" else TGI_OPENAI_NAMES

    def special_tokens(self) -> Sequence[str]:
        """Give the control tokens of the template."""
        return () if self.task == "chat" else self._template().special_tokens

    def starts_inside_reasoning(self, payload: Mapping[str, Any]) -> bool:
        """Say whether the prompt ends with a tag that opens a block of reasoning."""
        return self.task != "chat" and self._raw.begins_in_reasoning(payload)

    def resume(self, payload: Mapping[str, Any], text: str) -> dict[str, Any] | None:
        """Build the request that goes on after `text`: of a prompt, or as `resume_as` says."""
        if self.task == "text-generation":
            return self._raw.resumed(payload, text)
        from ._chat_resume import continued

        return continued(payload, text, self.resume_as) if self.resume_as else None

    def retryable(self, error: BaseException) -> bool | None:
        """Say whether a failure that the server names may pass."""
        from ._tgi_errors import retryable
        from ._wire_errors import is_lasting

        return False if is_lasting(error) else retryable(error)

    def _url(self) -> str:
        asked = self._asked
        if asked.base_url is None:
            return self._router_url(asked)
        if self.task == "text-generation":
            return asked.base_url
        return with_route(asked.base_url, _CHAT_ROUTE, "/v1")

    def _router_url(self, asked: Lent) -> str:
        if self.task == "chat":
            return router_url("v1") + _CHAT_ROUTE
        if asked.provider not in (None, "hf-inference"):
            raise OptionError(
                f"provider={asked.provider!r} has chat only: leave task='text-generation' out"
            )
        return f"{router_url('hf-inference')}/models/{asked.model}"

    def _headers(self) -> Mapping[str, str]:
        return self._asked.headers

    def _found_token(self) -> str | None:
        asked = self._asked
        if asked.token or (asked.base_url and not is_trusted(asked.base_url)):
            return asked.token
        return saved_token()

    def _finding_takes_long(self) -> bool:
        return not isinstance(self.token, str)

    def _authorization(self, given: str | None) -> dict[str, str]:
        sent = super()._authorization(given)
        wrong = None if self._asked.base_url else _wrong_for_router(sent)
        if wrong:
            del given, sent  # a traceback may show the values of variables
            raise OptionError(wrong)
        return sent

    def _hint(self, status: int) -> str:
        if status in (401, 403):
            return "is the token right? It is given as token=, HF_TOKEN or by `hf auth login`"
        wrong_place = status in (404, 405) and self._asked.base_url
        return "is base_url right?" if wrong_place else ""

    def _told(self, error: HTTPStatusError) -> Exception:
        from ._tgi_errors import as_tgi_error

        return error if self.task == "chat" else as_tgi_error(error)

    def secrets(self) -> Sequence[str]:
        """Give the tokens in use, also the client's."""
        lent = self._asked.token
        return [*super().secrets(), *([lent] if lent else [])]

    def __getstate__(self) -> dict[str, Any]:
        if self.client is not None:
            raise TypeError(
                "a backend with client= cannot be pickled, because the client cannot: give "
                "model, provider, base_url and token instead"
            )
        return super().__getstate__()


def _wrong_for_router(authorization: Mapping[str, str]) -> str | None:
    """Say what the router would not take, or None."""
    if not authorization:
        return "no Hugging Face token: set HF_TOKEN, run `hf auth login`, or give token="
    if not authorization["Authorization"].startswith(f"Bearer {_TOKEN_START}"):
        return (
            f"the token is none of Hugging Face ({_TOKEN_START}...): a provider's own key goes "
            "with its own address, base_url="
        )
    return None
