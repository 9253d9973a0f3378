"""Heads are written and read as h11 does it, or refused."""

from __future__ import annotations

import h11
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatadapters._heads import Head, HeadReader, request_head, with_size
from tests.test_framing import SIZES, cut

PLAIN_LINES = [b"A: b", b"x-B:c", b"E: ", b"D: \xff\xfe \t", b"Content-Length: 5"]
ODD_LINES = [b"content-length: 05", b"Content-Length: 5, 5", b"Content-Length: -1", b"a\x0b: b"]
ODD_LINES += [b"Content-Length: " + b"9" * 25, b"transfer-encoding: Chunked", b"A: b\x00c"]
ODD_LINES += [b"Transfer-Encoding: gzip", b"bad name: b", b": b", b"A : b", b"A: b\rc", b" folded"]
PLAIN_FIRST = [b"HTTP/1.1 200 OK", b"HTTP/1.1 404", b"HTTP/1.1 500 ", b"HTTP/1.1 103 Early Hints"]
ODD_FIRST = [b"HTTP/1.0 200 Fine", b"HTTP/1.1 99 x", b"HTTP/1.1 101 Go", b"HTTP/2 200"]
ODD_FIRST += [b"HTTP/1.1 200 a\x00b", b"HTTP/1.1  200 OK", b"HTTP/1.1 2000 OK", b"HTTP/1.1\t200 OK"]
ODD_FIRST += [b"HTTP/1.1 600 New"]


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """Make the head of a response, in which one thing may be unusual."""
    lines = [draw(st.sampled_from(PLAIN_FIRST)), *draw(st.lists(st.sampled_from(PLAIN_LINES)))]
    end = b"\r\n"
    match draw(st.integers(0, 5)):
        case 0:
            lines[0] = draw(st.sampled_from(ODD_FIRST))
        case 1:
            lines.insert(draw(st.integers(1, len(lines))), draw(st.sampled_from(ODD_LINES)))
        case 2:
            end = b"\n"
    return end.join([*lines, b"", b""])


def theirs(text: bytes) -> tuple[Head, bytes] | None:
    """Read it with h11; None if it is refused, or more is to come."""
    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method="POST", target="/", headers=[("Host", "h")]))
    parser.send(h11.EndOfMessage())
    parser.receive_data(text)
    try:
        while isinstance(event := parser.next_event(), h11.InformationalResponse):
            pass
    except h11.RemoteProtocolError:
        return None
    if not isinstance(event, h11.Response):
        return None
    version = b"HTTP/" + event.http_version
    head = Head(version, event.status_code, event.reason, event.headers.raw_items())
    return head, parser.trailing_data[0]


def ours(pieces: list[bytes]) -> tuple[Head, bytes] | None:
    """Read it here."""
    reader = HeadReader()
    try:
        while pieces:
            if (rest := reader.feed(pieces.pop(0))) is not None:
                return reader.head, rest + b"".join(pieces)
    except httpx2.RemoteProtocolError:
        return None
    return None


@given(st.lists(texts(), max_size=3), SIZES)
def test_a_head_is_read_as_h11_reads_it(heads: list[bytes], sizes: list[int]) -> None:
    """However it is cut, with interim heads before it, and with its body behind it."""
    text = b"".join(heads) + b"body"
    assert ours(cut(text, sizes)) == theirs(text)


def test_what_is_no_head_is_an_error() -> None:
    """At once, although no line of it is whole; so is one that never ends, and no answer at all."""
    with pytest.raises(httpx2.RemoteProtocolError, match="not HTTP; it begins with b'SSH-2'"):
        HeadReader().feed(b"SSH-2")
    reader = HeadReader()
    reader.feed(b"HTTP/1.1 200 OK\r\n")
    with pytest.raises(httpx2.RemoteProtocolError, match="endless"):
        reader.feed(b"A: b\r\n" * 20_000)
    with pytest.raises(httpx2.RemoteProtocolError, match="without sending a response"):
        HeadReader().feed(b"")


@pytest.mark.parametrize(
    ("version", "headers", "keeps"),
    [
        (b"HTTP/1.1", [], True),
        (b"HTTP/1.1", [(b"connection", b"keep-alive")], True),
        (b"HTTP/1.1", [(b"Connection", b"Close")], False),
        (b"HTTP/1.1", [(b"Connection", b"x"), (b"connection", b"a, close")], False),
        (b"HTTP/1.0", [(b"Connection", b"keep-alive")], False),
    ],
)
def test_whether_a_connection_is_kept(
    version: bytes, headers: list[tuple[bytes, bytes]], keeps: bool
) -> None:
    """Unless the server says that it closes, or speaks an old version."""
    assert Head(version, 200, b"OK", headers).keeps is keeps


SENT = st.lists(
    st.tuples(
        st.sampled_from([b"A", b"x-b", b"C d", b"", b"e:", b"f\n"]),
        st.sampled_from([b"1", b"", b"a b", b" a", b"a\r\nB: c", b"a\nb", b"a\x00", b"\xc3\xa9"]),
    ),
    max_size=4,
)


@given(SENT, st.sampled_from([b"/", b"/a?b=c", b"/a b", b"/\xc3", b""]), st.integers(0, 4))
def test_the_head_of_a_request_is_what_h11_writes(
    headers: list[tuple[bytes, bytes]], target: bytes, place: int
) -> None:
    """With the host first; what would end a line early is refused."""
    headers = [*headers[:place], (b"Host", b"h"), *headers[place:]]
    try:
        request = h11.Request(method=b"POST", target=target, headers=headers)
        expected = h11.Connection(h11.CLIENT).send(request)
    except h11.LocalProtocolError:
        with pytest.raises(httpx2.LocalProtocolError):
            request_head(b"POST", target, headers)
    else:
        assert request_head(b"POST", target, headers) == expected


def test_white_space_in_a_value_costs_no_more_than_its_length() -> None:
    """A head of the greatest size is read at once; it took half a minute."""
    value = b"a" + b" " * 90_000 + b"b"
    reader = HeadReader()
    assert reader.feed(b"HTTP/1.1 200 OK\r\nA: \t" + value + b"\t \r\n\r\n") == b""
    assert reader.head.headers == [(b"A", value)]


def test_the_value_of_a_refused_header_is_not_shown() -> None:
    """It may be a key."""
    with pytest.raises(httpx2.LocalProtocolError, match="'Authorization'") as caught:
        request_head(b"GET", b"/", [(b"Host", b"h"), (b"Authorization", b"Bearer sk-1\n")])
    assert "sk-1" not in str(caught.value)


def test_the_size_of_a_body_is_told_as_it_is() -> None:
    """What would be taken for another request is not sent; chunks are not needed."""
    size = (b"Content-Length", b"2")
    assert with_size([size], 2) == [size]
    assert with_size([(b"A", b"b")], 2) == [(b"A", b"b"), size]
    assert with_size([(b"A", b"b")], 0) == [(b"A", b"b")]
    assert with_size([(b"transfer-encoding", b"chunked"), (b"A", b"b")], 2) == [(b"A", b"b"), size]
    for wrong in ([(b"content-length", b"1")], [size, size], [(b"content-length", b"+2")]):
        with pytest.raises(httpx2.LocalProtocolError, match="the body has 2 bytes"):
            with_size(wrong, 2)
