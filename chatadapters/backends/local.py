"""The backend that runs a model in this process: llama.cpp, read over its own HTTP server."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from .._abort import AbortableStream, Hangup
from .._backend import Backend, Reader
from .._checks import check_escape, check_template
from .._clients import Clients
from .._http import apost, post_blocks
from .._http_clients import http_clients
from .._pour import PouredStream
from .._reasoning import ends_inside
from ._chat_resume import continued
from ._continuing import is_bound, splits_stop
from ._llama import LlamaConfig, LlamaServer
from ._llama_guard import harmless
from ._llama_options import (
    CHAT_OPTIONS,
    RAW_OPTIONS,
    REQUEST,
    check_names,
    check_options,
    with_schema,
)
from ._openai_chat import ChatReader, chat_messages
from ._raw_completions import CompletionsReader, completions_resumed
from ._wire_options import APART

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterable, Mapping, Sequence

    from .._parts import Message
    from .._policies import Timeout
    from ..templates import DialogueTemplate

#: Shared by all backends: equal ones use one server, and a chat that switches models keeps two.
_servers: Clients[LlamaServer, LlamaServer] = Clients(LlamaServer, LlamaServer, limit=2)
_http = http_clients(loopback=True)


@dataclass(frozen=True)
class LocalBackend(Backend):
    """A GGUF model in this process, through llama.cpp's own server.

    The server starts with the first message, is shared by equal backends, listens on loopback
    only and takes requests with its own random key. llama.cpp's log is off; a grammar that it
    cannot parse it still reports on stderr. It leaves out `tools` where the model's chat template
    has no place for them, as SmolLM2's, and does not enforce a `tool_choice` that demands a call.

    Attributes:
        model: `"smollm2"` (SmolLM2-135M-Instruct), or the path of a GGUF file.
        template: None lets the server write the prompt by the model's own chat template. A
            `DialogueTemplate` or its name writes it here.
        escape: What happens to the model's control tokens in the text, so that it cannot forge
            a turn.
        n_ctx: Tokens of context that each conversation has, at most what the model was trained
            for, which is checked when it is loaded; 0 is all of that.
        n_threads: Threads that compute; half the cores by default.
        n_parallel: How many conversations run at once; further ones wait for their turn.

    Raises:
        OptionError: A number with which llama.cpp cannot run.

    Example:
        >>> from chatadapters import Message
        >>> LocalBackend().build([Message("user", "Hi")], {"temperature": 0})["messages"]
        [{'role': 'user', 'content': 'Hi'}]
    """

    name: ClassVar[str] = "local"
    resumes: ClassVar[bool] = True

    model: str = "smollm2"
    template: str | DialogueTemplate | None = None
    escape: Literal["escape", "strip", "error", "off"] = "escape"
    n_ctx: int = 4096
    n_threads: int | None = None
    n_parallel: int = 2

    def __post_init__(self) -> None:
        self._config()  # it checks the numbers
        if self.template is not None:
            check_template(self.template)
        check_escape(self.escape)

    def build(self, conversation: Sequence[Message], options: Mapping[str, Any]) -> dict[str, Any]:
        """Build the body of the request: messages, or the prompt with a template."""
        check_options(options, self._known())
        rest = {name: value for name, value in options.items() if name not in APART}
        stop = list(options.get("stop", ()))
        template = self._template()
        if template is None:
            body: dict[str, Any] = {"messages": self._messages(conversation)}
        else:
            body = {"prompt": template.render(conversation, escape=self.escape)}
            rest = with_schema(rest)
            stop += [text for text in template.stop if text not in stop]
        if stop:
            body["stop"] = stop
        always = {"stream": True, "stream_options": {"include_usage": True}}
        return {**body, **rest, **always, **options.get("extra_body", {})}

    def reader(self) -> Reader:
        """Give a fresh reader for one attempt."""
        return ChatReader() if self.template is None else CompletionsReader()

    def stream(self, payload: Mapping[str, Any], timeout: Timeout) -> AbortableStream:
        """Send the payload and yield the bytes that come; `abort()` ends it at any moment."""
        return AbortableStream(partial(self._read, payload, timeout))

    def _read(
        self, payload: Mapping[str, Any], timeout: Timeout, hangup: Hangup
    ) -> Generator[bytes, None, None]:
        with _servers.sync(self._config()) as server:
            server.reads.add(hangup)
            yield from post_blocks(_http.sync(), server.post(_path(payload), payload), timeout)

    def astream(self, payload: Mapping[str, Any], timeout: Timeout) -> PouredStream:
        """Send the payload and yield the bytes that come; the async twin of `stream`."""
        return PouredStream(partial(self._answer, payload, timeout))

    @asynccontextmanager
    async def _answer(
        self, payload: Mapping[str, Any], timeout: Timeout
    ) -> AsyncGenerator[Any, None]:
        async with _Loan(self._config()) as server:
            post = server.post(_path(payload), payload)
            async with apost(_http.aio(), post, timeout) as response:
                yield response

    def check_names(self, names: Iterable[str]) -> None:
        """Check that llama.cpp has options of these names."""
        check_names(names, self._known())

    def conversation_field(self) -> str:
        """Give the field that has the conversation."""
        return "messages" if self.template is None else "prompt"

    def request_options(self) -> Mapping[str, str]:
        """Give the request options of OpenAI's API, and what else is about sampling the text."""
        return {name: name for name in REQUEST & self._known()}

    def special_tokens(self) -> Sequence[str]:
        """Give the control tokens of the template."""
        template = self._template()
        return template.special_tokens if template else ()

    def starts_inside_reasoning(self, payload: Mapping[str, Any]) -> bool:
        """Say whether the prompt ends with a tag that opens a block of reasoning."""
        return ends_inside(payload.get("prompt", ""))

    def resume(self, payload: Mapping[str, Any], text: str) -> dict[str, Any] | None:
        """Build the request that goes on after `text`, with at least the tokens that are left."""
        if "messages" in payload:
            return continued(payload, text, "llama.cpp")
        if is_bound(payload) or splits_stop(payload.get("stop", ()), text):
            return None
        return completions_resumed(payload, text)

    def close(self) -> None:
        """Stop the server when no reply uses it; the next message starts a new one."""
        _servers.drop(self._config())

    async def aclose(self) -> None:
        """Stop the server when no reply uses it; the next message starts a new one."""
        from asyncio import to_thread

        await to_thread(self.close)

    def _messages(self, conversation: Sequence[Message]) -> list[dict[str, Any]]:
        return chat_messages(harmless(conversation, self.model, self.escape), "the local backend")

    def _known(self) -> frozenset[str]:
        return CHAT_OPTIONS if self.template is None else RAW_OPTIONS

    def _config(self) -> LlamaConfig:
        return LlamaConfig(self.model, self.n_ctx, self.n_threads, self.n_parallel)

    def _template(self) -> DialogueTemplate | None:
        if not isinstance(self.template, str):
            return self.template
        from ..templates import get_template

        return get_template(self.template)


class _Loan:
    """One use of a server by a task; the pool may be locked while a model loads, so in threads."""

    def __init__(self, config: LlamaConfig) -> None:
        self._loan = _servers.sync(config)
        self._lock = Lock()
        self._lent = False
        self._over = False

    async def __aenter__(self) -> LlamaServer:
        from asyncio import CancelledError, get_running_loop, to_thread

        try:
            return await to_thread(self._borrow)
        except CancelledError:  # the thread goes on
            get_running_loop().run_in_executor(None, self._give_back)
            raise

    async def __aexit__(self, *error: object) -> None:
        from asyncio import to_thread

        await to_thread(self._give_back)

    def _borrow(self) -> LlamaServer:
        with self._lock:
            if self._over:
                raise RuntimeError("the task that wanted the server is gone")
            server = self._loan.__enter__()
            self._lent = True
            return server

    def _give_back(self) -> None:
        with self._lock:
            self._over = True
            if self._lent:
                self._loan.__exit__()


def _path(payload: Mapping[str, Any]) -> str:
    return "/v1/chat/completions" if "messages" in payload else "/v1/completions"
