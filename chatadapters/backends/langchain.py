"""LangChain chat models, chains and LangGraph graphs, streamed through the Runnable interface.

What a message needs is imported by the first one, so that a predict is made in a moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from .._backend import Backend
from .._errors import OptionError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from langchain_core.runnables import Runnable

    from .._parts import Message
    from .._policies import Timeout
    from ._langchain_reader import LangChainReader

_MOST_STOPS = 4
#: What providers call a failure inside an open stream that another attempt may not meet.
_PASSING = (
    "api_error",
    "internal_error",
    "overloaded",
    "overloaded_error",
    "rate_limit_error",
    "rate_limit_exceeded",
    "server_error",
    "service_unavailable",
    "timeout",
)


@dataclass(frozen=True, repr=False)
class LangChainBackend(Backend):
    """Any LangChain chat model or `Runnable`, used through its public `stream` and `astream`.

    What a model does on its own stays its own: its retries multiply with ours (set its
    `max_retries=0` or keep `Retry(attempts=1)`), its read timeout ends the thread of a sync
    reply that was given up on, and the async client in it belongs to one event loop.

    Args:
        model: A chat model, a chain that takes a list of messages and gives messages or text,
            a compiled graph, or `"provider:model"` for LangChain's `init_chat_model`.
        input_key: The key under which the messages are passed, for chains and graphs that take
            a dict; graphs get `"messages"` by default.
        config: A `RunnableConfig`, passed on as it is.
        callbacks: The config's callbacks, given by themselves.
        tags: The config's tags, given by themselves.
        metadata: The config's metadata, given by themselves.
        cumulative: Whether every chunk, against the protocol, has the text so far; it is then
            turned into deltas.

    Example:
        >>> from chatadapters import Message
        >>> backend = LangChainBackend("openai:gpt-4o-mini", tags=["chat"])
        >>> payload = backend.build([Message("user", "Hi")], {"temperature": 0})
        >>> [message.content for message in payload.pop("input")], payload
        (['Hi'], {'temperature': 0, 'config': {'tags': ['chat']}})
    """

    name: ClassVar[str] = "langchain"

    model: Runnable[Any, Any] | str
    input_key: str | None = None
    config: Mapping[str, Any] | None = None
    callbacks: Any = None
    tags: Sequence[str] | None = None
    metadata: Mapping[str, Any] | None = None
    cumulative: bool = False
    _made: dict[str, Runnable[Any, Any]] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.model, str) and not hasattr(self.model, "astream"):
            raise OptionError(
                f"model={self.model!r}: give a LangChain chat model, a Runnable or a string such "
                "as 'openai:gpt-4o-mini'"
            )

    def build(self, conversation: Sequence[Message], options: Mapping[str, Any]) -> dict[str, Any]:
        """Build the keywords of the runnable's `stream`: its input, its config and the options."""
        from ._langchain_messages import langchain_messages
        from ._langchain_options import check_options, is_graph, takes_stop

        if "input" in options:
            raise OptionError("'input' is not an option of a request: chatadapters sets it")
        runnable = None if isinstance(self.model, str) else self._runnable()
        key, sent = self.input_key, dict(options)
        if runnable is not None:
            check_options(runnable, options)
            if is_graph(runnable):
                key, sent = key or "messages", {"stream_mode": "messages", **options}
        stop = sent.pop("stop", ())
        if stop and (runnable is None or takes_stop(runnable)):
            sent["stop"] = list(stop)[:_MOST_STOPS]
        if config := self._config():
            sent["config"] = config
        messages = langchain_messages(conversation)
        return {"input": {key: messages} if key else messages, **sent}

    def _config(self) -> dict[str, Any]:
        own = {"callbacks": self.callbacks, "tags": self.tags, "metadata": self.metadata}
        given = {name: value for name, value in own.items() if value is not None}
        return {**(self.config or {}), **given}

    def reader(self) -> LangChainReader:
        """Give a fresh reader for one attempt."""
        from ._langchain_ends import is_one_call, says_why_it_ends
        from ._langchain_reader import LangChainReader

        one_call = isinstance(self.model, str) or is_one_call(self._runnable())
        return LangChainReader(
            one_call=one_call,
            says_why=lambda: says_why_it_ends(self._runnable()),
            cumulative=self.cumulative,
        )

    def stream(self, payload: Mapping[str, Any], timeout: Timeout) -> Iterator[Any]:  # noqa: ARG002
        """Call the runnable's `stream`, whose time limits are its own."""
        return self._runnable().stream(**payload)

    def astream(self, payload: Mapping[str, Any], timeout: Timeout) -> AsyncIterator[Any]:  # noqa: ARG002
        """Call the runnable's `astream`; the async twin of `stream`."""
        return self._runnable().astream(**payload)

    def _runnable(self) -> Runnable[Any, Any]:
        from ._langchain_model import made, without_parser

        if not isinstance(self.model, str):
            return without_parser(self.model)
        if self.model not in self._made:
            self._made[self.model] = made(self.model)
        return self._made[self.model]

    def retryable(self, error: BaseException) -> bool | None:
        """Say that what an SDK raises about an open stream that broke may pass."""
        from json import JSONDecodeError

        if isinstance(error, (JSONDecodeError, UnicodeDecodeError)):
            return True
        names = (getattr(error, "code", None), getattr(error, "type", None))
        return True if any(name in _PASSING for name in names) else None

    def secrets(self) -> Sequence[str]:
        """Give the keys that the model holds as secrets."""
        from ._langchain_model import keys_of

        models = self._made.values() if isinstance(self.model, str) else [self.model]
        return [key for model in models for key in keys_of(model) if key]

    def close(self) -> None:
        """Let go of the models made of a string; the next message makes new ones."""
        self._made.clear()

    async def aclose(self) -> None:
        """Let go of the models made of a string; the async twin of `close`."""
        self._made.clear()

    def __repr__(self) -> str:
        # A model shows its keywords, and with them headers that may have a key.
        is_name = isinstance(self.model, str)
        shown = repr(self.model) if is_name else f"<{type(self.model).__name__}>"
        return f"{type(self).__name__}({shown})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_made": {}}
