"""Reads what LangChain streams: message chunks, strings, and the tuples of LangGraph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._backend import Reader
from .._errors import ChatAdaptersError
from .._events import Failed, Finish
from ._langchain_chunks import (
    added,
    calls_in,
    is_reasoning,
    message_in,
    reason_in,
    reasoning_beside,
    repeats_reason,
    said,
    unreadable,
)
from ._langchain_ends import FINISHING_PROVIDERS
from ._openai_collect import Collector
from ._openai_finish import finish_reason
from ._openai_tools import ToolCalls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .._events import ReaderEvent, Usage

_OTHER_ROLES = ("function", "human", "remove", "system", "tool")


class LangChainReader(Reader):
    """Reads the stream of one chat model, or of a chain or graph that may call several.

    Args:
        one_call: Whether all comes from one call of one model; its finish then ends the reply.
            Else only the end of the stream does, with the finish of the last call, and the
            texts of several calls are a blank line apart.
        says_why: Asked at the end: whether a stream without a finish reason is incomplete.
        cumulative: Whether each chunk has the text so far where the new text belongs.

    Example:
        >>> from langchain_core.messages import AIMessageChunk
        >>> LangChainReader().feed(AIMessageChunk("Hello"))
        [Text(delta='Hello')]
    """

    def __init__(
        self,
        *,
        one_call: bool = True,
        says_why: Callable[[], bool] = lambda: False,
        cumulative: bool = False,
    ) -> None:
        self._one_call, self._says_why = one_call, says_why
        self._out = Collector(cumulative=cumulative)
        self._usage: Usage | None = None
        self._has_text = self._given = False
        self._begin()

    def _begin(self) -> None:
        """Begin to read the message of a model call."""
        self._tools = ToolCalls()
        self._finish: Finish | None = None
        self._ended = self._refused = self._expected = False
        self._gap = self._has_text
        self._like: Any = None  # a chunk of nothing but text, after which more of it may follow

    def feed(self, chunk: Any) -> list[ReaderEvent]:
        """Read one chunk."""
        if type(chunk) is type(self._like) and self._is_more_text(chunk):
            self._out.text(chunk.content)
            return self._out.take()
        usage = self._usage
        try:
            self._chunk(chunk)
        except ChatAdaptersError as error:
            return [*self._out.take(last=True), Failed(error)]
        events = self._out.take()
        if self._usage is not usage and self._usage is not None:
            events.append(self._usage)
        return events

    def finish(self) -> list[ReaderEvent]:
        """Read what is left when the stream has ended."""
        events = self._out.take(last=True)
        if self._finish is not None:
            return events if self._given else [*events, self._finish]
        if not (self._expected or self._says_why()):
            events.append(Finish("unknown", tool_calls=self._tools.whole()))
        return events

    def _chunk(self, chunk: Any) -> None:
        content = getattr(chunk, "content", None)
        if content is not None:
            self._message(chunk, content)
        elif isinstance(chunk, str):
            self._text(chunk)
        elif isinstance(chunk, tuple):
            self._chunk(message_in(chunk))
        else:
            raise unreadable(chunk)

    def _is_more_text(self, message: Any) -> bool:
        """Say whether a chunk of a message brings more text and nothing else that is new."""
        return bool(
            type(message.content) is str
            and message.content
            and message.response_metadata == self._like.response_metadata
            and not message.tool_call_chunks
            and not message.additional_kwargs
            and message.usage_metadata is None
            and getattr(message, "chunk_position", None) is None
        )

    def _message(self, message: Any, content: str | list[Any]) -> None:
        if not self._one_call and message.type.lower().startswith(_OTHER_ROLES):
            self._out.progress += 1
            self._begin()
            return
        calls = calls_in(message)
        if self._ended and not self._one_call and (content or calls):
            self._begin()
        blocks = [content] if isinstance(content, str) else content
        if message.additional_kwargs:
            self._beside(message.additional_kwargs, blocks)
        self._blocks(blocks)
        for call in calls:
            self._call(call)
        self._metadata(message)
        texts = message.type == "AIMessageChunk" and self._has_text and not self._gap
        self._like = message if texts and self._finish is None and not self._ended else None

    def _beside(self, extra: Mapping[str, Any], blocks: Iterable[Any]) -> None:
        if not any(map(is_reasoning, blocks)) and (reasoning := reasoning_beside(extra)):
            self._out.reasoning(reasoning)
        if function := extra.get("function_call"):
            self._call({"name": function.get("name"), "args": function.get("arguments")})
        if extra.get("refusal"):
            self._refusal(extra["refusal"])

    def _blocks(self, blocks: Iterable[str | Mapping[str, Any]]) -> None:
        for block in blocks:
            if isinstance(block, str):
                self._text(block)
            elif is_reasoning(block):
                self._out.reasoning(said(block))
            elif block.get("refusal"):
                self._refusal(block["refusal"])
            elif block.get("type") == "text":
                self._text(block.get("text") or "")
            else:
                self._out.progress += 1

    def _text(self, text: str) -> None:
        if not text:
            return
        if self._gap:
            text, self._gap = "\n\n" + text, False
        self._has_text = True
        self._out.text(text)

    def _refusal(self, text: str) -> None:
        self._refused = True
        self._text(text)

    def _call(self, call: Mapping[str, Any]) -> None:
        from ._openai_types import Function, ToolCall

        function = Function(call.get("name"), call.get("args"))
        piece = ToolCall(call.get("index"), call.get("id"), function)
        self._out.progress += self._tools.add(piece) or 1

    def _metadata(self, message: Any) -> None:
        usage = getattr(message, "usage_metadata", None)
        if usage:
            self._usage = added(self._usage, usage)
        found = message.response_metadata
        if found:
            if found.get("model_provider") in FINISHING_PROVIDERS:
                self._expected = True
            reason = finish_reason(reason_in(found))
            if reason is not None:
                self._end(reason, last=not repeats_reason(found))
        if message.type == "ai" or getattr(message, "chunk_position", None) == "last":
            self._ended = True

    def _end(self, reason: str, *, last: bool) -> None:
        calls = self._tools.whole()
        if reason == "stop":
            reason = "refusal" if self._refused else "tool_calls" if calls else "stop"
        self._finish = Finish(reason, tool_calls=calls)
        self._ended = last
        if last and self._one_call:
            self._given = True
            self._out.end(self._finish)
