"""A chat model of LangChain that plays scripts, and a real client for servers on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from chatadapters import langchain_predict

KEY = "sk-langchain-c2VjcmV0"


class Scripted(BaseChatModel):
    """A chat model that streams the next of its scripts and keeps what it was called with."""

    scripts: list[list[AIMessageChunk]]
    calls: list[dict[str, Any]] = []  # noqa: RUF012 - pydantic copies defaults
    token: SecretStr | None = None

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _stream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        self.calls.append({"messages": messages, "stop": stop, **kwargs})
        for message in self.scripts[min(len(self.calls), len(self.scripts)) - 1]:
            chunk = ChatGenerationChunk(message=message.model_copy())
            if run_manager:
                run_manager.on_llm_new_token("", chunk=chunk)
            yield chunk

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        first, *others = self._stream(*args, **kwargs)
        message = sum((other.message for other in others), first.message)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, Any]:
        return self


def said(text: str, **more: Any) -> AIMessageChunk:
    return AIMessageChunk(content=text, **more)


def ended(reason: str = "stop", **more: Any) -> AIMessageChunk:
    return AIMessageChunk(content="", response_metadata={"finish_reason": reason}, **more)


def scripted(*chunks: AIMessageChunk, **options: Any) -> Any:
    return langchain_predict(Scripted(scripts=[list(chunks)]), **{"pace": 0, **options})


def chat_openai(url: str, **options: Any) -> ChatOpenAI:
    # One request per connection: each test runs in an event loop of its own.
    own: dict[str, Any] = {
        "default_headers": {"Connection": "close"},
        "max_retries": 0,
        "timeout": 5,
        "api_key": SecretStr(KEY),
        **options,
    }
    return ChatOpenAI(model="fault", base_url=url, **own)


def tool_call(name: str | None, args: str, id_: str | None = None, index: int | None = 0) -> Any:
    return {"name": name, "args": args, "id": id_, "index": index, "type": "tool_call_chunk"}
