"""Feeds readers, in whole or in pieces, and joins what neighbouring events say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chatadapters import Failed, Reasoning, Text, Usage
from chatadapters._backend import Reader
from tests.backends.served import event

DONE = "[DONE]"
#: What a server counts, and what is made of it.
COUNTS = {
    "prompt_tokens": 9,
    "completion_tokens": 3,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 1},
}
USAGE = Usage(input_tokens=9, output_tokens=3, reasoning_tokens=1, cached_tokens=4)


def stream(*values: object) -> bytes:
    """Write events of JSON objects and literal texts."""
    return b"".join(event(value) for value in values)


def delta(**fields: Any) -> dict[str, Any]:
    """Give a chunk of a chat that brings these fields."""
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": None}]}


def end(reason: str | None = "stop", **more: Any) -> dict[str, Any]:
    """Give the last chunk of a chat."""
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}], **more}


def tool(**fields: Any) -> dict[str, Any]:
    """Give a chunk of a chat that brings a piece of a tool call."""
    return delta(tool_calls=[fields])


def called(id_: str | None, name: str, arguments: str) -> dict[str, Any]:
    """Give a whole tool call."""
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def read(reader: Reader, *blocks: bytes) -> list[Any]:
    """Give all events of a stream, neighbouring text joined."""
    found = [each for block in blocks for each in reader.feed(block)]
    return joined([*found, *reader.finish()])


def read_broken(reader: Reader, *blocks: bytes) -> tuple[list[Any], Exception]:
    """Give the events of a stream up to the failure, and the failure."""
    *found, last = read(reader, *blocks)
    assert isinstance(last, Failed)
    return found, last.error


def joined(events: Iterable[Any]) -> list[Any]:
    """Make one event of neighbouring texts."""
    found: list[Any] = []
    for each in events:
        if isinstance(each, (Text, Reasoning)) and found and type(each) is type(found[-1]):
            found[-1] = type(each)(found[-1].delta + each.delta)
        else:
            found.append(each)
    return found
