"""OpenAI, Azure and every server that speaks their API, through the openai SDK's raw bytes.

What a message needs is imported by the first one, so that a predict is made in a moment.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

from .._backend import Backend
from .._clients import Clients
from .._errors import OptionError
from ._addresses import check_name, check_url, password_in, without_secrets
from ._sent_keys import SentKeys, check_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._abort import AbortableStream
    from .._backend import Reader
    from .._parts import Message
    from .._policies import Timeout
    from .._pour import PouredStream
    from ._chat_resume import ResumeAs
    from ._given_keys import Key
    from ._openai_access import Access
    from ._openai_options import Api


@dataclass(frozen=True, repr=False)
class OpenAIBackend(Backend):
    """OpenAI's Chat Completions or Responses API, at OpenAI or at any server that has it.

    The SDK makes the request, so its environment variables, Azure support and typed errors hold;
    its retries are off, and what comes back is read here. On clients of ours a request that has no
    headers of its own goes out with the head that the SDK made for an earlier one, unless a tool
    for tracing watches the SDK. Requests of the Responses API have no stop sequences; they are
    enforced on arrival.

    Args:
        model: The model's name.
        base_url: The server, such as `http://127.0.0.1:8000/v1`; OpenAI by default.
        api_key: The key, or a callable that gives one for each request; an async one serves
            async replies. By default the environment's `OPENAI_API_KEY`. A string is left out
            of pickles.
        client: An `OpenAI` or `AzureOpenAI` object to use instead of one of ours. How it treats
            redirects is its own affair.
        async_client: The same for async. What it costs for each token, and how many requests it
            sends at once before others wait, is its own affair; one of ours has no such limit.
        api: `"chat"` or `"responses"`.
        cumulative: Whether the server, against the protocol, sends the text so far in every
            chunk; it is then turned into deltas.
        resume_as: The kind of server, if a reply that breaks is to go on where it broke:
            `"vllm"`, `"sglang"`, `"tgi"`, `"llama.cpp"`, `"deepseek"` (below `/beta`),
            `"mistral"`, `"kimi"` or `"qwen"`. OpenAI and Azure cannot do it.

    Example:
        >>> from chatadapters import Message
        >>> backend = OpenAIBackend("llama", base_url="http://127.0.0.1:8000/v1")
        >>> backend.build([Message("user", "Hi")], {})
        {'model': 'llama', 'messages': [{'role': 'user', 'content': 'Hi'}], 'stream': True}
    """

    name: ClassVar[str] = "openai"
    resumes: ClassVar[bool] = True

    model: str
    base_url: str | None = None
    api_key: Key = None
    client: Any = field(default=None, compare=False)
    async_client: Any = field(default=None, compare=False)
    api: Api = "chat"
    cumulative: bool = False
    resume_as: ResumeAs | None = None
    _clients: Clients[Any, Any] = field(
        default_factory=lambda: Clients(_make, _amake), compare=False
    )
    _sent: SentKeys = field(default_factory=SentKeys, init=False, compare=False)

    def __post_init__(self) -> None:
        check_name("model", self.model)
        if self.api not in ("chat", "responses"):
            raise OptionError(f"api={self.api!r}: give 'chat' or 'responses'")
        if self.resume_as is not None:
            self._check_resume_as()
        if self.base_url:
            check_url("base_url", self.base_url, query=False)
        check_key("api_key", self.api_key)
        if self._is_lent():
            self._check_lent()

    def _check_resume_as(self) -> None:
        from ._chat_resume import check_resume_as

        check_resume_as(self.resume_as)
        if self.api != "chat":
            raise OptionError("resume_as=...: the Responses API cannot continue a reply")

    def _check_lent(self) -> None:
        from ._openai_lent import check_lent

        for name in ("client", "async_client"):
            if getattr(self, name) is not None:
                check_lent(name, getattr(self, name))

    def build(self, conversation: Sequence[Message], options: Mapping[str, Any]) -> dict[str, Any]:
        """Build the keywords of the SDK's `create`."""
        from ._openai_payload import chat_payload, responses_payload

        if self.api == "responses":
            return responses_payload(self.model, conversation, options)
        payload = chat_payload(self.model, conversation, options, usage=self._is_openai())
        if self.resume_as:
            from ._chat_resume import check_server

            check_server(self.resume_as, self._asked_url())
        return payload

    def resume(self, payload: Mapping[str, Any], text: str) -> dict[str, Any] | None:
        """Build the request that goes on after `text`, where `resume_as` says how."""
        from ._chat_resume import continued

        way = self.resume_as
        return continued(payload, text, way, "extra_body") if way else None

    def reader(self) -> Reader:
        """Give a fresh reader for one attempt."""
        settings = {"cumulative": self.cumulative, "leaks": not self._is_openai()}
        if self.api == "responses":
            from ._openai_responses import ResponsesReader

            return ResponsesReader(**settings)
        from ._openai_chat import ChatReader

        return ChatReader(**settings)

    def conversation_field(self) -> str:
        """Give the field that has the conversation."""
        return "messages" if self.api == "chat" else "input"

    def request_options(self) -> Mapping[str, str]:
        """Give the common options of the API in use."""
        from ._openai_options import request_options

        return request_options(self.api)

    def stream(self, payload: Mapping[str, Any], timeout: Timeout) -> AbortableStream:
        """Send the payload and yield the bytes that come; `abort()` ends it at any moment."""
        return self._access().stream(payload, timeout)

    def timed_stream(self, payload: Mapping[str, Any], timeout: Timeout) -> AbortableStream | None:
        """Give the same stream where its connection is ours, which keeps deadlines."""
        return self._access().timed_stream(payload, timeout)

    def astream(self, payload: Mapping[str, Any], timeout: Timeout) -> PouredStream:
        """Send the payload and yield the bytes that come; the async twin of `stream`."""
        return self._access().astream(payload, timeout)

    def _access(self) -> Access:
        from ._openai_access import Access

        return Access(
            api=self.api,
            client=self.client,
            async_client=self.async_client,
            lent=self._is_lent(),
            clients=self._clients,
            base_url=self.base_url,
            asked_url=self._asked_url(),
            api_key=self.api_key,
            sent=self._sent,
        )

    def _is_lent(self) -> bool:
        return self.client is not None or self.async_client is not None

    def _is_openai(self) -> bool:
        return not self._asked_url() and not self._is_lent()

    def _asked_url(self) -> str | None:
        """Give the base URL that was chosen, None for OpenAI's own."""
        lent = getattr(self.client or self.async_client, "base_url", None)
        url = self.base_url or lent or os.environ.get("OPENAI_BASE_URL")
        return str(url) if url else None

    def retryable(self, error: BaseException) -> bool | None:
        """Say that what is wrong with the request itself stays wrong."""
        from ._wire_errors import is_lasting

        return False if is_lasting(error) else None

    def secrets(self) -> Sequence[str]:
        """Give the keys in use, and the password in the base URL."""
        own = self.api_key if isinstance(self.api_key, str) else None
        lent = (getattr(client, "api_key", None) for client in (self.client, self.async_client))
        password = password_in(self.base_url)
        found = (own, os.environ.get("OPENAI_API_KEY"), password, *lent, *self._sent)
        return [key.strip() for key in found if isinstance(key, str) and key.strip()]

    def close(self) -> None:
        """Close the clients this backend made; the next message makes new ones."""
        self._clients.close()

    async def aclose(self) -> None:
        """Close the clients this backend made for the running event loop."""
        await self._clients.aclose()

    def __repr__(self) -> str:
        url = without_secrets(self.base_url)
        given = {"base_url": url, "api": self.api, "cumulative": self.cumulative}
        given["resume_as"] = self.resume_as
        shown = "".join(f", {name}={value!r}" for name, value in given.items() if value)
        return f"{type(self).__name__}({self.model!r}{shown})"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __getstate__(self) -> dict[str, Any]:
        from ._openai_lent import check_pickle

        check_pickle(self)
        key = None if isinstance(self.api_key, str) else self.api_key
        return {**self.__dict__, "api_key": key}


def _make(key: object) -> Any:
    from ._openai_clients import sync_client

    return sync_client(key)


def _amake(key: object) -> Any:
    from ._openai_clients import async_client

    return async_client(key)
