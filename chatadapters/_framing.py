"""What is content in a body, by how it is framed. Pure."""

from __future__ import annotations

import re
from typing import Protocol

import httpx2

from ._checks import TOKEN

_SIZE = rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r\n"
_FIRST = re.compile(_SIZE).match
_NEXT = re.compile(rb"\r\n" + _SIZE).match
_TRAILERS = re.compile(rb"(?:%b:[^\x00\n\v\f\r]*\r\n)*" % TOKEN.encode()).fullmatch
_SMALL = [b"%x" % size for size in range(1024)]  # how these sizes are written
_MOST_BETWEEN = 64 * 1024  # bytes of a size with its extension, or of all trailers
_WRONG = "%s of the body is not framed as HTTP wants it"
_CUT = "peer closed connection without sending complete message body (incomplete chunked read)"


class BodyReader(Protocol):
    """Takes the bytes of a connection and gives the content of one body among them."""

    @property
    def over(self) -> bool:
        """Whether the body has ended."""
        ...

    @property
    def reusable(self) -> bool:
        """Whether the connection may serve another request then."""
        ...

    def feed(self, data: bytes) -> bytes:
        """Take bytes of the connection, nothing at its end, and give the content among them.

        Raises:
            httpx2.RemoteProtocolError: The body is cut, or not framed as HTTP wants it.
        """
        ...


class ChunkedBody:
    r"""Reads a body in chunks, cut anywhere; a `BodyReader`.

    Attributes:
        over: Whether the last chunk and its trailers have come.
        excess: Bytes after them, which belong to nothing.

    Example:
        >>> body = ChunkedBody()
        >>> body.feed(b"5\r\nHel"), body.feed(b"lo\r\n0\r\n\r\n"), body.over
        (b'Hel', b'lo', True)
    """

    __slots__ = ("_left", "_match", "_open", "excess", "over")

    def __init__(self) -> None:
        self._left = 0  # bytes that the current chunk lacks
        self._open = b""  # a size that is not whole
        self._match = _FIRST
        self.over = False
        self.excess = b""

    @property
    def reusable(self) -> bool:
        return self.over and not self.excess

    def feed(self, data: bytes) -> bytes:
        if self._open == b"\r\n":  # one whole chunk is what most servers send
            told, _, rest = data.partition(b"\r\n")
            block = rest.removesuffix(b"\r\n")
            size = len(block)
            if 0 < size < len(_SMALL) and size + 2 == len(rest) and told.lower() == _SMALL[size]:
                return block
        if not data:
            raise httpx2.RemoteProtocolError(_CUT)
        if len(data) <= self._left:
            self._left -= len(data)
            return data
        pieces: list[bytes] = []
        at, size = 0, self._left
        self._left = 0
        if not size:
            data, self._open = self._open + data, b""
        while True:
            if size:
                pieces.append(data[at : at + size])
                at += size
                if at >= len(data):
                    self._left = at - len(data)
                    break
            found = self._match(data, at)
            if found is None:
                self._wait(data[at:])
                break
            size = int(found[1], 16)
            if not size:
                self._end(data[at:], found.end() - at)
                break
            self._match, at = _NEXT, found.end()
        return b"".join(pieces)

    def _wait(self, rest: bytes) -> None:
        """Keep a size that is not whole."""
        begun = 0 if self._match is _FIRST else 2
        if not b"\r\n".startswith(rest[:begun]) or b"\n" in rest[begun:]:
            raise httpx2.RemoteProtocolError(_WRONG % "a chunk")
        self._keep(rest)

    def _end(self, rest: bytes, size: int) -> None:
        """Read the trailers; a blank line ends them."""
        end = rest.find(b"\r\n\r\n", size - 2)
        if end < 0:
            self._keep(rest)
        elif not _TRAILERS(rest, size, end + 2):
            raise httpx2.RemoteProtocolError(_WRONG % "a trailer")
        else:
            self.over, self.excess = True, rest[end + 4 :]

    def _keep(self, rest: bytes) -> None:
        if len(rest) > _MOST_BETWEEN:
            raise httpx2.RemoteProtocolError(
                "a chunk's size or the trailers of the body are endless"
            )
        self._open = rest
