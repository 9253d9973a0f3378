"""What the fault server answers, as values: bytes, waits, and how the connection ends."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Literal, NamedTuple, TypeAlias

#: Bytes are one write (and one HTTP chunk); a number is a wait in seconds.
Step: TypeAlias = bytes | float

Body: TypeAlias = Iterable[Step] | AsyncGenerator[bytes, None]

#: How the connection is left: in order, by FIN, by RST, or open and silent.
End: TypeAlias = Literal["clean", "fin", "rst", "hold"]

#: How the end of the body is known (`"length"` takes a list of bytes); `"raw"` answers are the
#: whole response, head included.
Framing: TypeAlias = Literal["chunked", "length", "raw"]

EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Answer:
    """One response: what is written, in which pieces, and what becomes of the connection.

    Attributes:
        body: Pieces of bytes, and between them seconds to wait.
        status: The HTTP status.
        headers: More headers.
        framing: How the length of the body is told.
        end: How it ends, as in `FaultServer.url_cut`.

    Example:
        >>> Answer([b"data: [DONE]"], end="rst").status
        200
    """

    body: Body = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    framing: Framing = "chunked"
    end: End = "clean"


class Event(NamedTuple):
    """One server-sent event: its data, and its type where the dialect names one."""

    data: str
    type: str = ""


def dumps(value: Any) -> str:
    """Write JSON as servers do: compact, UTF-8 unescaped."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def json_event(value: Mapping[str, Any], event_type: str = "") -> Event:
    """Make an event of a JSON object."""
    return Event(dumps(value), event_type)


def amend(events: Iterable[Event], **fields: Any) -> list[Event]:
    """Add fields to the JSON object of every event; other events stay as they are."""
    return [_amended(event, fields) for event in events]


def _amended(event: Event, fields: Mapping[str, Any]) -> Event:
    if not event.data.startswith("{"):
        return event
    return Event(dumps(json.loads(event.data) | fields), event.type)


def encode(events: Iterable[Event], *, eol: str = "\n", space: str = " ") -> list[bytes]:
    """Write events as an event stream, one piece of bytes for each."""
    return [encode_one(event, eol=eol, space=space) for event in events]


def encode_one(event: Event, *, eol: str = "\n", space: str = " ") -> bytes:
    """Write one event; line feeds in its data make several `data` lines."""
    lines = [f"event:{space}{event.type}"] if event.type else []
    lines += [f"data:{space}{line}" for line in event.data.split("\n")]
    return (eol.join(lines) + eol * 2).encode()


def stream(*events: Event) -> Answer:
    """Answer with these events."""
    return Answer(encode(events))


def pieces(data: bytes, size: int) -> list[bytes]:
    """Cut bytes into pieces of one size."""
    return [data[start : start + size] for start in range(0, len(data), size)]


def spaced(steps: Iterable[bytes], wait: float) -> Iterator[Step]:
    """Wait before every piece."""
    for step in steps:
        yield wait
        yield step


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with one JSON value and its length."""
    head = {"Content-Type": "application/json", **(headers or {})}
    return Answer([dumps(value).encode()], status, head, framing="length")


def raw(*steps: Step, end: End = "fin") -> Answer:
    """Answer with exactly these bytes, HTTP or not."""
    return Answer(steps, framing="raw", end=end)


def http_date(seconds: float) -> str:
    """Write a point of time, counted from now, as HTTP headers do."""
    return formatdate(time.time() + seconds, usegmt=True)
