"""Feeds readers, in whole or in pieces, and joins what neighbouring events say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chatadapters import Failed, Reasoning, Text
from chatadapters._backend import Reader
from tests.backends.served import event

DONE = "[DONE]"


def stream(*values: object) -> bytes:
    """Write events of JSON objects and literal texts."""
    return b"".join(event(value) for value in values)


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
