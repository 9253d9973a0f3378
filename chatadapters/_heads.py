"""The heads of HTTP messages: a request's is written, a response's read. Pure.

Only what is plain is read here; h11, which takes twenty times as long, reads all else and says what
is wrong with it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import httpx2

from ._checks import TOKEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    Fields: TypeAlias = Sequence[tuple[bytes, bytes]]

_MOST_BYTES = 100 * 1024  # of a head, as in httpcore
_MOST_SHOWN = 40

_TOKEN = TOKEN.encode()
_VALUE = rb"[^\x00\n\v\f\r]*"
_LINE = re.compile(_TOKEN + rb" [\x21-\x7e]+ HTTP/1\.1\r\n").fullmatch
_SENT = re.compile(rb"(?:%b: (?:[^\x00\s](?:%b[^\x00\s])?)?\r\n)*" % (_TOKEN, _VALUE)).fullmatch
_PLAIN = re.compile(
    rb"HTTP/1\.1 ([2-5][0-9]{2})(?: (%b))?\r\n((?:%b:%b\r\n)*)\r\n" % (_VALUE, _TOKEN, _VALUE)
).fullmatch
_FIELDS = re.compile(rb"([^:\r\n]+):[ \t]*((?:[^\r\n]*[^\r\n \t])?)[ \t]*\r\n").findall
_BLANK_LINE = re.compile(rb"\n\r?\n")
_SIZE = re.compile(rb"[0-9]{1,19}").fullmatch
_BEGINNING = b"HTTP/"


def request_head(method: bytes, target: bytes, headers: Fields) -> bytes:
    r"""Write the head of a request.

    Args:
        method: Such as `b"POST"`.
        target: The path with its query, or what a proxy wants to see.
        headers: Names and values; `Host` goes first.

    Raises:
        httpx2.LocalProtocolError: A part has characters that would end it. Values are not shown.

    Example:
        >>> request_head(b"GET", b"/", [(b"Accept", b"*/*"), (b"Host", b"localhost")])
        b'GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n'
    """
    line = b"%b %b HTTP/1.1\r\n" % (method, target)
    if not _LINE(line):
        raise httpx2.LocalProtocolError(f"no request can be made of {method!r} {target!r}")
    fields = [b"%b: %b\r\n" % field for field in headers]
    if not fields or headers[0][0].lower() != b"host":
        fields.sort(key=lambda field: field[:5].lower() != b"host:")
    written = b"".join(fields)
    if written.count(b"\n") != len(fields) or not _SENT(written):
        wrong = next(field for field in fields if field.count(b"\n") > 1 or not _SENT(field))
        name = wrong.partition(b":")[0].decode("latin-1")
        raise httpx2.LocalProtocolError(
            f"the header {name!r} has a character that no header may have"
        )
    return line + written + b"\r\n"


def with_size(headers: Fields, size: int) -> Fields:
    """Give the headers of a request with the size of its body, which they must not misstate.

    Args:
        headers: Names and values.
        size: The bytes of the body, which is sent whole.

    Raises:
        httpx2.LocalProtocolError: They say another size, so that the server would take what is left
            for the next request.

    Example:
        >>> with_size([(b"Transfer-Encoding", b"chunked")], 2)
        [(b'Content-Length', b'2')]
    """
    names = [name.lower() for name, _ in headers]
    if b"transfer-encoding" in names:
        others = [item for item in headers if item[0].lower() != b"transfer-encoding"]
        return with_size(others, size)
    if b"content-length" not in names:
        return [*headers, (b"Content-Length", b"%d" % size)] if size else headers
    written = headers[names.index(b"content-length")][1]
    if written != b"%d" % size or names.count(b"content-length") > 1:
        raise httpx2.LocalProtocolError(
            f"the header Content-Length is {written!r}, and the body has {size} bytes"
        )
    return headers


def closes(headers: Fields) -> bool:
    """Say whether a message is the last one of its connection."""
    options = [value for name, value in headers if name.lower() == b"connection"]
    return any(b"close" in map(bytes.strip, each.lower().split(b",")) for each in options)


class Head(NamedTuple):
    """The head of a response.

    Attributes:
        version: Such as `b"HTTP/1.1"`.
        status: Such as 200.
        reason: What stands behind it.
        headers: Names and values.
    """

    version: bytes
    status: int
    reason: bytes
    headers: Fields

    @property
    def keeps(self) -> bool:
        """Whether the connection may serve another request, once the body was read."""
        return self.version == b"HTTP/1.1" and not closes(self.headers)


class HeadReader:
    r"""Reads the head of a response, cut anywhere; interim ones (1xx) are passed over.

    Example:
        >>> reader = HeadReader()
        >>> reader.feed(b"HTTP/1.1 200 O"), reader.feed(b"K\r\nA: b\r\n\r\nbody")
        (None, b'body')
        >>> reader.head
        Head(version=b'HTTP/1.1', status=200, reason=b'OK', headers=[(b'A', b'b')])
    """

    def __init__(self) -> None:
        self._seen = b""
        self.head: Head

    def feed(self, data: bytes) -> bytes | None:
        """Take what came, nothing at the end of the connection.

        Returns:
            What follows the head, or None as long as that is not whole.

        Raises:
            httpx2.RemoteProtocolError: It is no head, or none came.
        """
        if not data:
            raise httpx2.RemoteProtocolError("Server disconnected without sending a response.")
        searched, self._seen = max(0, len(self._seen) - 3), self._seen + data
        if not self._seen.startswith(_BEGINNING[: len(self._seen)]):
            shown = self._seen[:_MOST_SHOWN]
            raise httpx2.RemoteProtocolError(f"what came is not HTTP; it begins with {shown!r}")
        while end := _BLANK_LINE.search(self._seen, searched):
            text, rest = self._seen[: end.end()], self._seen[end.end() :]
            head = _plain(text) or _by_h11(text)
            if head is not None:
                self.head = head
                return rest
            self._seen, searched = rest, 0
        if len(self._seen) > _MOST_BYTES:
            raise httpx2.RemoteProtocolError("the head of the response is endless")
        return None


def _plain(text: bytes) -> Head | None:
    """Read a head in which nothing is unusual; None if there is."""
    found = _PLAIN(text)
    if found is None:
        return None
    status, reason, fields = found.groups()
    headers = _FIELDS(fields)
    sizes = codings = 0
    for name, value in headers:
        match name.lower():
            case b"content-length":
                sizes += 1 if _SIZE(value) else 2
            case b"transfer-encoding":
                codings += 1 if value == b"chunked" else 2
    if sizes > 1 or codings > 1:
        return None
    return Head(b"HTTP/1.1", int(status), reason or b"", headers)


def _by_h11(text: bytes) -> Head | None:
    """Read any head; None if it is an interim one."""
    import h11

    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method="POST", target="/", headers=[("Host", "h")]))
    parser.send(h11.EndOfMessage())
    parser.receive_data(text)
    try:
        event = parser.next_event()
    except h11.RemoteProtocolError as error:
        raise httpx2.RemoteProtocolError(str(error)) from error
    if isinstance(event, h11.InformationalResponse):
        return None
    assert isinstance(event, h11.Response)
    version = b"HTTP/" + event.http_version
    return Head(version, event.status_code, event.reason, event.headers.raw_items())
