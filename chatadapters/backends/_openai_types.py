"""What OpenAI-compatible servers send, typed for msgspec; imported by readers at first use only.

Every field may be missing or null, and what is not listed is skipped unread. `error` and `usage`
have as many shapes as there are servers, so they stay plain values.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Block(Struct, gc=False):
    """A piece of content, where content comes as a list."""

    type: str | None = None
    text: str | None = None
    refusal: str | None = None
    summary: str | None = None
    thinking: list[Block] | str | None = None


class Function(Struct, gc=False):
    """A function that is called, or a piece of its call."""

    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class ToolCall(Struct, gc=False):
    """A piece of a tool call."""

    index: int | None = None
    id: str | int | None = None
    function: Function | None = None


class Delta(Struct, gc=False):
    """What is new in a chat message, or a whole chat message."""

    content: str | list[Block] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    thinking: str | None = None
    reasoning_details: list[Block] | None = None
    refusal: str | None = None
    #: TGI before 3.1 streams one call, not a list of them.
    tool_calls: list[ToolCall] | ToolCall | None = None
    function_call: Function | None = None
    #: What is spoken, and its transcript.
    audio: Any = None
    #: What OpenRouter's models draw.
    images: Any = None


class Choice(Struct, gc=False):
    """One of the answers; only the one with index 0 is read."""

    delta: Delta | None = None
    finish_reason: str | None = None
    index: int | None = None
    message: Delta | None = None
    error: Any = None
    #: Moonshot says here what it took.
    usage: Any = None
    #: Of servers that mix it up with raw completions.
    text: str | None = None


class Groq(Struct, gc=False):
    """What Groq alone says: why a stream stopped early, and in older streams what it took."""

    error: Any = None
    usage: Any = None


class Chunk(Struct, gc=False):
    """A chunk of a chat completion, or a whole one."""

    choices: list[Choice] | None = None
    usage: Any = None
    error: Any = None
    x_groq: Groq | None = None


class RawChoice(Struct, gc=False):
    """One of the continuations; only the one with index 0 is read."""

    text: str | None = None
    finish_reason: str | None = None
    index: int | None = None
    #: Of servers that mix it up with chat completions.
    delta: Delta | None = None


class RawChunk(Struct, gc=False):
    """A chunk of a raw completion, or a whole one.

    `content`, `stop` and `stop_type` are how llama.cpp's own `/completion` route says it.
    """

    choices: list[RawChoice] | None = None
    usage: Any = None
    error: Any = None
    content: str | None = None
    stop: bool | None = None
    stop_type: str | None = None


class Incomplete(Struct, gc=False):
    """Why a response of the Responses API is incomplete."""

    reason: str | None = None


class Item(Struct, gc=False):
    """An output item of the Responses API."""

    type: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    input: str | None = None
    content: list[Block] | None = None
    summary: list[Block] | None = None


class Response(Struct, gc=False):
    """A whole response of the Responses API."""

    status: str | None = None
    output: list[Item] | None = None
    usage: Any = None
    error: Any = None
    incomplete_details: Incomplete | None = None


class ResponseEvent(Struct, gc=False):
    """An event of the Responses API."""

    type: str | None = None
    delta: Any = None
    summary_index: int | None = None
    output_index: int | None = None
    item: Item | None = None
    response: Response | None = None
