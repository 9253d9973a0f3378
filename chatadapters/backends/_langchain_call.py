"""Reads what one call of a chat model says, in chunks or as one whole message."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

from .._content import repaired
from .._events import Finish
from ._collector import Collector
from ._finish_reason import finish_reason
from ._langchain_chunks import (
    is_reasoning,
    reason_in,
    reasoning_beside,
    repeats_reason,
    said,
)
from ._langchain_ends import FINISHING_PROVIDERS
from ._tool_calls import ToolCalls

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ._langchain_place import Place


class ModelCall:
    """One call of one model, as far as it has come.

    Args:
        place: Where it is made.
        cumulative: Whether each chunk has the text so far where the new text belongs.
        alone: Whether it is the only one. What it says is then not kept for `said` and `thought`,
            and it may go on after a finish that comes with text.

    Attributes:
        run: The id that LangChain gave it, once that is known.
        out: What it says.
        finish: How it ended, if it said so.
        ended: Whether it is over.
        early: Whether more came after its finish.
        last: Whether LangChain said so, as it does of each call that streams to its end.
        expected: Whether its provider says how a call ends.
        like: A chunk of nothing but text, after which more of it may follow.
    """

    def __init__(self, place: Place, *, cumulative: bool = False, alone: bool = False) -> None:
        self.place = place
        self.run: str | None = None
        self.out = Collector(cumulative=cumulative)
        self.finish: Finish | None = None
        self.ended = self.early = self.expected = self.last = self._refused = False
        self.like: Any = None
        self._tools = ToolCalls(cumulative=cumulative)
        self._cumulative, self._alone = cumulative, alone
        self._said, self._thought = StringIO(), StringIO()

    def tools(self) -> tuple[dict[str, Any], ...]:
        """Give its tool calls, in the form of OpenAI's chat messages."""
        return self._tools.whole()

    def read(self, message: Any, calls: Sequence[Mapping[str, Any]]) -> None:
        """Read one chunk, or a whole message, with the tool calls in it."""
        content = message.content
        blocks = [content] if isinstance(content, str) else content
        if message.additional_kwargs:
            self._beside(message.additional_kwargs, blocks)
        self._blocks(blocks)
        for call in calls:
            self._call(call)
        brings = bool(content or calls or message.additional_kwargs)
        self.early = self.early or (brings and self.finish is not None)
        self._metadata(message, may_go_on=brings and self._alone)
        is_open = self.finish is None and not self.ended
        self.like = message if is_open and message.type == "AIMessageChunk" else None

    def is_more_text(self, message: Any) -> bool:
        """Say whether a chunk brings more text and nothing else that is new after `like`."""
        return bool(
            type(message.content) is str
            and message.content
            and message.response_metadata == self.like.response_metadata
            and not message.tool_call_chunks
            and not message.additional_kwargs
            and message.usage_metadata is None
            and getattr(message, "chunk_position", None) is None
        )

    def _beside(self, extra: Mapping[str, Any], blocks: Iterable[Any]) -> None:
        if not any(map(is_reasoning, blocks)) and (reasoning := reasoning_beside(extra)):
            self._reasoning(reasoning)
        if function := extra.get("function_call"):
            self._call({"name": function.get("name"), "args": function.get("arguments")})
        if extra.get("refusal"):
            self._refusal(extra["refusal"])

    def _blocks(self, blocks: Iterable[str | Mapping[str, Any]]) -> None:
        for block in blocks:
            if isinstance(block, str):
                self.text(block)
            elif is_reasoning(block):
                self._reasoning(said(block))
            elif block.get("refusal"):
                self._refusal(block["refusal"])
            elif block.get("type") == "text":
                self.text(block.get("text") or "")
            else:
                self.out.progress += 1

    def text(self, text: str) -> None:
        """Take a piece of the answer."""
        if text:
            self.out.text(text)
            if not self._alone:
                self._note(self._said, text)

    def _reasoning(self, text: str) -> None:
        if text:
            self.out.reasoning(text)
            if not self._alone:
                self._note(self._thought, text)

    def _note(self, told: StringIO, text: str) -> None:
        if self._cumulative:
            told.seek(0)
        told.write(text)

    @property
    def said(self) -> str:
        """All that was said."""
        return repaired(self._said.getvalue())

    @property
    def thought(self) -> str:
        """All reasoning."""
        return repaired(self._thought.getvalue())

    def _refusal(self, text: str) -> None:
        self._refused = True
        self.text(text)

    def _call(self, call: Mapping[str, Any]) -> None:
        from ._openai_types import Function, ToolCall

        function = Function(call.get("name"), call.get("args"))
        piece = ToolCall(call.get("index"), call.get("id"), function)
        self.out.progress += self._tools.add(piece) or 1

    def _metadata(self, message: Any, *, may_go_on: bool) -> None:
        """Read how the call ended; some servers say that with each piece of text."""
        found = message.response_metadata
        if found:
            if found.get("model_provider") in FINISHING_PROVIDERS:
                self.expected = True
            reason = finish_reason(reason_in(found))
            if reason is not None:
                self._end(reason)
                self.ended = not (may_go_on or repeats_reason(found))
        self.last = self.last or getattr(message, "chunk_position", None) == "last"
        if message.type == "ai" or self.last:
            self.ended = True

    def _end(self, reason: str) -> None:
        calls = self.tools()
        if reason == "stop":
            reason = "refusal" if self._refused else "tool_calls" if calls else "stop"
        self.finish = Finish(reason, tool_calls=calls)
