"""Reads what LangChain streams: message chunks, strings, and the tuples of LangGraph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._backend import Reader
from .._errors import ChatAdaptersError, OptionError
from .._events import Failed, Finish, Usage
from ._langchain_model import FINISHING_PROVIDERS
from ._openai_collect import Collector
from ._openai_finish import finish_reason
from ._openai_tools import ToolCalls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .._events import ReaderEvent

#: What integrations call the reason in `response_metadata`.
_REASONS = ("finish_reason", "stop_reason", "done_reason", "finishReason", "stopReason")
_REASONING = frozenset({"reasoning", "reasoning_content", "redacted_thinking", "thinking"})
#: Where integrations put reasoning beside the content, and where its text is in their blocks.
_BESIDE = ("reasoning_content", "reasoning", "reasoning_details")
_INSIDE = ("reasoning", "thinking", "reasoning_content", "text", "summary", "content")
_OTHER_ROLES = ("function", "human", "remove", "system", "tool")


class LangChainReader(Reader):
    """Reads the stream of one chat model, or of a chain or graph that may call several.

    Args:
        one_call: Whether all comes from one call of one model; its finish then ends the reply.
            Else only the end of the stream does, with the finish of the last call.
        says_why: Asked at the end: whether a stream without a finish reason is incomplete.

    Example:
        >>> from langchain_core.messages import AIMessageChunk
        >>> LangChainReader().feed(AIMessageChunk("Hello"))
        [Text(delta='Hello')]
    """

    def __init__(
        self, *, one_call: bool = True, says_why: Callable[[], bool] = lambda: False
    ) -> None:
        self._one_call, self._says_why = one_call, says_why
        self._out = Collector()
        self._usage: Usage | None = None
        self._has_text = self._gap = False
        self._begin()

    def _begin(self) -> None:
        """Begin to read the message of another model call."""
        self._tools = ToolCalls()
        self._finish: Finish | None = None
        self._ended = self._refused = self._expected = False
        self._gap = self._has_text

    def feed(self, chunk: Any) -> list[ReaderEvent]:
        """Read one chunk."""
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
            return events if self._one_call else [*events, self._finish]
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
            self._chunk(_message_in(chunk))
        else:
            raise _unreadable(chunk)

    def _message(self, message: Any, content: str | list[Any]) -> None:
        if not self._one_call and message.type.lower().startswith(_OTHER_ROLES):
            self._out.progress += 1
            self._begin()
            return
        calls = _calls(message)
        if self._ended and (content or calls):
            self._begin()
        if message.additional_kwargs:
            self._beside(message.additional_kwargs, content)
        if isinstance(content, str):
            if content:
                self._text(content)
        else:
            self._blocks(content)
        for call in calls:
            self._call(call)
        self._metadata(message)

    def _text(self, text: str) -> None:
        if self._gap and text:
            text, self._gap = "\n\n" + text, False
        self._has_text = self._has_text or bool(text)
        self._out.text(text)

    def _beside(self, extra: Mapping[str, Any], content: str | list[Any]) -> None:
        if isinstance(content, str) or not any(map(_is_reasoning, content)):
            said = next((extra[name] for name in _BESIDE if extra.get(name)), None)
            if said:
                self._out.reasoning(_said(said))
        if function := extra.get("function_call"):
            self._call({**function, "args": function.get("arguments"), "index": 0})
        if refusal := extra.get("refusal"):
            self._refusal(refusal)

    def _blocks(self, blocks: Iterable[str | Mapping[str, Any]]) -> None:
        for block in blocks:
            if isinstance(block, str):
                self._text(block)
            elif _is_reasoning(block):
                self._out.reasoning(_said(block))
            elif block.get("refusal"):
                self._refusal(block["refusal"])
            elif block.get("type") == "text":
                self._text(block.get("text") or "")
            else:
                self._out.progress += 1

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
            self._usage = _added(self._usage, usage)
        found = message.response_metadata
        if found:
            if found.get("model_provider") in FINISHING_PROVIDERS:
                self._expected = True
            reason = finish_reason(_reason(found))
            if reason is not None:
                self._end(reason)
        if message.type == "ai" or getattr(message, "chunk_position", None) == "last":
            self._ended = True

    def _end(self, reason: str) -> None:
        calls = self._tools.whole()
        if reason == "stop":
            reason = "refusal" if self._refused else "tool_calls" if calls else "stop"
        self._finish, self._ended = Finish(reason, tool_calls=calls), True
        if self._one_call:
            self._out.end(self._finish)


def _message_in(chunk: tuple[Any, ...]) -> object:
    """Give the message of LangGraph's (message, metadata), also behind a namespace or a mode."""
    if not chunk:
        raise _unreadable(chunk)
    is_message = hasattr(chunk[0], "content")
    return chunk[0] if is_message else chunk[-1]


def _calls(message: Any) -> list[Mapping[str, Any]]:
    """Give the pieces of tool calls in a chunk, or the calls of a whole message."""
    pieces = getattr(message, "tool_call_chunks", None)
    if pieces is not None:
        found: list[Mapping[str, Any]] = pieces
        return found
    return [*getattr(message, "tool_calls", ()), *getattr(message, "invalid_tool_calls", ())]


def _is_reasoning(block: object) -> bool:
    return isinstance(block, Mapping) and block.get("type") in _REASONING


def _said(value: object) -> str:
    """Give the text of reasoning, in whichever block an integration wraps it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(_said, value))
    if isinstance(value, Mapping):
        return next((_said(value[name]) for name in _INSIDE if value.get(name)), "")
    return ""


def _reason(metadata: Mapping[str, Any]) -> str | None:
    """Find the reason in an integration's metadata; OpenAI's Responses API calls it status."""
    for name in _REASONS:
        if reason := metadata.get(name):
            return str(getattr(reason, "name", reason))
    status = metadata.get("status")
    if status == "incomplete":
        return str((metadata.get("incomplete_details") or {}).get("reason") or status)
    return "stop" if status == "completed" else None


def _added(known: Usage | None, counts: Mapping[str, Any]) -> Usage:
    """Add the counts of one chunk to those of the chunks before it."""
    given, taken = counts.get("input_token_details"), counts.get("output_token_details")
    known = known or Usage()
    return Usage(
        input_tokens=_sum(known.input_tokens, counts.get("input_tokens")),
        output_tokens=_sum(known.output_tokens, counts.get("output_tokens")),
        reasoning_tokens=_sum(known.reasoning_tokens, (taken or {}).get("reasoning")),
        cached_tokens=_sum(known.cached_tokens, (given or {}).get("cache_read")),
    )


def _sum(one: int | None, other: int | None) -> int | None:
    return one if other is None else (one or 0) + other


def _unreadable(chunk: object) -> OptionError:
    return OptionError(
        f"the runnable gave a {type(chunk).__name__}, {repr(chunk)[:200]}: give one that streams "
        "messages or text, such as `chain.pick('answer')` of a chain that gives dicts, or a graph "
        "with stream_mode='messages'"
    )
