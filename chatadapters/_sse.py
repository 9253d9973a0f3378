"""Turns bytes into server-sent events by the WHATWG event-stream rules, without any I/O."""

from __future__ import annotations

import re
from typing import TypeAlias

from ._errors import LimitExceededError

#: The type of an event (`""` when the server gave none) and its data.
ServerEvent: TypeAlias = tuple[str, bytes]

_BOM = b"\xef\xbb\xbf"
_LF, _CR = b"\n\r"
_ERRORS = b"error:", b'{"error"'
_DATA = re.compile(rb"(?m)^data: ?(.*)\n\n").findall
_TYPED = re.compile(rb"(?m)^event: ?(.*)\ndata: ?(.*)\n\n").findall


class SSEDecoder:
    r"""Reads an event stream that comes in blocks of any size.

    Lines end in LF, CR or CRLF, also mixed and split between blocks; a BOM, comments and the
    fields `id` and `retry` are skipped; several `data` lines are joined by a line feed. Data
    stays bytes: line separators of Unicode split nothing, and JSON is read from bytes. Two
    deviations from the standard: the last event counts without its blank line, because
    providers leave it out; and a line that says `error:`, or is the JSON of an error, as those
    of llama.cpp and of proxies when they break, is an event of type `error`.

    Args:
        limit: Most bytes that the lines of one event may have, comments included.

    Attributes:
        limit: The same; it may be changed before anything is fed.
        fresh: Whether nothing is pending, so that the next byte begins an event; not before the
            first one, where a BOM may come.

    Example:
        >>> decoder = SSEDecoder(limit=1000)
        >>> decoder.feed(b'data: {"a": 1}\n\nevent: error\r\nda')
        [('', b'{"a": 1}')]
        >>> decoder.feed(b"ta: late\n")
        []
        >>> decoder.flush()
        [('error', b'late')]
    """

    __slots__ = ("_after_cr", "_data", "_first", "_open", "_size", "_type", "fresh", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._open = bytearray()  # a line whose end has not come
        self._data: bytes | bytearray | None = None
        self._type = ""
        self._size = 0  # of the whole lines of the current event
        self._after_cr = False
        self._first = True  # no line has been read, so a BOM may come
        self.fresh = False

    def feed(self, block: bytes) -> list[ServerEvent]:
        """Read one block of bytes.

        Args:
            block: What the transport gave, cut anywhere.

        Returns:
            The events that are complete now, in order. An event with an empty `data` field is
            one of them, as the standard has it.

        Raises:
            LimitExceededError: An event is longer than the limit.
        """
        if self.fresh and len(block) <= self.limit:
            data = block.removesuffix(b"\n\n").removeprefix(b"data:")
            if len(data) + len(b"data:\n\n") == len(block) and _LF not in data and _CR not in data:
                return [("", data.removeprefix(b" "))]  # one event a block: what most servers send
        return self._mixed(block)

    def flush(self) -> list[ServerEvent]:
        """Give the last event when the stream has ended without a blank line."""
        return self._lines(b"\n\n")

    def _mixed(self, block: bytes) -> list[ServerEvent]:
        """Read the whole events in the middle of a block at once and the rest line by line."""
        if _CR in block or b"\n\n" not in block or len(block) > self.limit:
            return self._lines(block)
        start = 0 if self.fresh else block.find(b"\n\n") + 2
        stop = block.rfind(b"\n\n") + 2
        events = self._lines(block[:start])
        plain = _plain(block[start:stop])
        events += self._lines(block[start:stop]) if plain is None else plain
        return events + self._lines(block[stop:])

    def _lines(self, block: bytes) -> list[ServerEvent]:
        """Read a block line by line; this is the whole standard, all else is a short cut."""
        if not block:
            return []
        if self._after_cr:
            block = block.removeprefix(b"\n")
        self._after_cr = block.endswith(b"\r")
        lines = block.splitlines()
        rest = b"" if block.endswith((b"\n", b"\r")) or not block else lines.pop()
        events: list[ServerEvent] = []
        for line in lines:
            self._line(line, events)
        self._check(len(rest))
        self._open += rest
        self.fresh = not (self._open or self._size or self._after_cr)
        return events

    def _line(self, line: bytes, events: list[ServerEvent]) -> None:
        self._check(len(line))
        if self._open:
            self._open += line
            line = bytes(self._open)
            self._open.clear()
        if self._first:
            self._first = False
            line = line.removeprefix(_BOM)
        if line:
            self._size += len(line)
            self._field(line)
            return
        if self._data is not None:
            events.append((self._type, bytes(self._data)))
        self._data, self._type, self._size = None, "", 0

    def _field(self, line: bytes) -> None:
        if line.startswith(b"data:"):
            self._add(line[6:] if line.startswith(b"data: ") else line[5:])
        elif line.startswith(b"event:"):
            self._type = line[6:].removeprefix(b" ").decode(errors="replace")
        elif line == b"data":
            self._add(b"")
        elif line == b"event":
            self._type = ""
        elif line.startswith(_ERRORS):
            self._type = "error"
            self._add(line.removeprefix(b"error:"))

    def _add(self, value: bytes) -> None:
        if self._data is None:
            self._data = value
            return
        if isinstance(self._data, bytes):
            self._data = bytearray(self._data)
        self._data += b"\n"
        self._data += value

    def _check(self, more: int) -> None:
        if self._size + len(self._open) + more > self.limit:
            raise LimitExceededError(
                f"an event of the stream is longer than {self.limit} bytes; "
                "if that is wanted, set a larger Limits(event=...)"
            )


def _plain(block: bytes) -> list[ServerEvent] | None:
    """Read whole events of one `data` line, all with or all without a type; None if they differ."""
    if block[:5] == b"data:":
        found = _DATA(block)
        lines, events = 2, [("", data) for data in found]
    else:
        found = _TYPED(block)
        lines, events = 3, [(kind.decode(errors="replace"), data) for kind, data in found]
    return events if block.count(b"\n") == lines * len(events) else None
