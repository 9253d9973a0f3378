"""Chunks are read however they are cut."""

from __future__ import annotations

import h11
import httpx2
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chatadapters._framing import ChunkedBody

CONTENT = st.lists(st.binary(min_size=1, max_size=20), max_size=6)
EXTENSIONS = st.sampled_from([b"", b";a=b", b' ; a="b"', b"  "])
TRAILERS = st.sampled_from([b"", b"X-Sum: 1\r\n", b"A: b\r\nC: d\r\n"])
SIZES = st.lists(st.integers(1, 9), min_size=1)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """Cut bytes into pieces of these sizes, again and again."""
    pieces, at, number = [], 0, 0
    while at < len(data):
        size = sizes[number % len(sizes)]
        pieces.append(data[at : at + size])
        at, number = at + size, number + 1
    return pieces


def chunked(blocks: list[bytes], extension: bytes = b"", trailers: bytes = b"") -> bytes:
    """Frame blocks as chunks."""
    chunks = [b"%x%b\r\n%b\r\n" % (len(block), extension, block) for block in blocks]
    return b"".join(chunks) + b"0\r\n" + trailers + b"\r\n"


@given(CONTENT, EXTENSIONS, TRAILERS, SIZES, st.sampled_from([b"", b"HTTP/1.1 "]))
def test_a_chunked_body_is_read_however_it_is_cut(
    blocks: list[bytes], extension: bytes, trailers: bytes, sizes: list[int], excess: bytes
) -> None:
    """Its content is given once, its end is seen, and what follows it is told apart."""
    body, content = ChunkedBody(), b""
    pieces = cut(chunked(blocks, extension, trailers) + excess, sizes)
    while not body.over:
        content += body.feed(pieces.pop(0))
    assert content == b"".join(blocks)
    assert body.excess + b"".join(pieces) == excess


@pytest.mark.parametrize("written", [b"%x", b"%X", b"%03x"])
@pytest.mark.parametrize("lacks", range(5))
@pytest.mark.parametrize("size", [1, 9, 10, 171, 255, 1023, 1024, 1025])
def test_one_chunk_a_read(size: int, lacks: int, written: bytes) -> None:
    """As most come: behind another one, and whole but for a few bytes."""
    block = b"a" * size
    chunk = b"%b\r\n%b\r\n" % (written % size, block)
    end = len(chunk) - lacks
    reads = [b"1\r\nz\r\n", chunk[:end], chunk[end:], b"0\r\n\r\n"]
    body = ChunkedBody()
    assert b"".join(body.feed(read) for read in reads if read) == b"z" + block
    assert body.over


def test_a_read_that_only_looks_like_one_chunk() -> None:
    """It ends as a chunk does, with line ends of its content; the size says that more comes."""
    body = ChunkedBody()
    reads = [b"1\r\nz\r\n", b"6\r\nab\r\n", b"cd", b"\r\n0\r\n\r\n"]
    assert [body.feed(read) for read in reads] == [b"z", b"ab\r\n", b"cd", b""]
    assert body.over


@given(st.lists(st.sampled_from([b"3", b"\r\n", b"abc", b"0", b"\n", b"x", b";", b" "])), SIZES)
def test_no_chunk_is_read_that_the_strict_parser_refuses(
    parts: list[bytes], sizes: list[int]
) -> None:
    """What is content here is content to h11, and what ends here ends there."""
    data = b"".join(parts)
    assume(b" ;" not in data)  # RFC 9112 allows it, h11 does not
    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method="GET", target="/", headers=[("host", "x")]))
    parser.send(h11.EndOfMessage())
    parser.receive_data(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + data)
    parser.next_event()
    theirs, body, ours = b"", ChunkedBody(), b""
    try:
        for piece in cut(data, sizes):
            ours += b"" if body.over else body.feed(piece)
    except httpx2.RemoteProtocolError:
        return
    try:
        while isinstance(event := parser.next_event(), h11.Data):
            theirs += event.data
    except h11.RemoteProtocolError:
        assert not body.over
    else:
        assert ours == theirs
        assert isinstance(event, h11.EndOfMessage) or not body.over


@pytest.mark.parametrize(
    "data",
    [
        *(b"x\r\n", b"-1\r\n", b"0x5\r\n", b"5 5\r\n", b"1_0\r\n", b"\n", b"2\r\nabXX", b"2\nab"),
        *(b"0\r\nno trailer\r\n\r\n", b"0\r\n: a\r\n\r\n", b"0\r\nA: b\r\n3\r\n\r\n"),
    ],
)
def test_a_wrong_chunk_or_trailer_is_an_error(data: bytes) -> None:
    """Nothing is guessed."""
    with pytest.raises(httpx2.RemoteProtocolError, match="not framed"):
        ChunkedBody().feed(data)


@pytest.mark.parametrize("data", [b"5;" + b"a" * 70_000, b"0\r\n" + b"A: b\r\n" * 20_000])
def test_what_is_between_chunks_is_bounded(data: bytes) -> None:
    """An endless extension or endless trailers end in an error."""
    with pytest.raises(httpx2.RemoteProtocolError, match="endless"):
        ChunkedBody().feed(data)
