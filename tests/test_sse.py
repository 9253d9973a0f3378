"""The SSE decoder against a naive reading of the whole stream, under every chunking."""

from __future__ import annotations

import re
import time
import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatadapters._errors import LimitExceededError
from chatadapters._sse import SSEDecoder
from tests.chunks import cut, every_chunking, in_pieces

EVENT = b'data: {"choices":[{"delta":{"content":" word"}}]}\n\n'


def decode(*blocks: bytes, limit: int = 10**6) -> list[tuple[str, bytes]]:
    """Read a stream in blocks to its end."""
    decoder = SSEDecoder(limit)
    events = [event for block in blocks for event in decoder.feed(block)]
    return events + decoder.flush()


def naive(stream: bytes) -> list[tuple[str, bytes]]:
    """Read a whole stream as the standard words it, plus errors and a last event without an end."""
    events: list[tuple[str, bytes]] = []
    kind, data = b"", b""
    for line in [*re.split(rb"\r\n|\r|\n", stream.removeprefix(b"\xef\xbb\xbf")), b""]:
        if not line:
            if data:
                events.append((kind.decode(errors="replace"), data[:-1]))
            kind, data = b"", b""
            continue
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"event":
            kind = value
        elif name == b"data":
            data += value + b"\n"
        elif name in (b"error", b'{"error"') and b":" in line:
            kind = b"error"
            data += line.removeprefix(b"error:") + b"\n"
    return events


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        pytest.param(b"data: a\n\ndata: b\n\n", [("", b"a"), ("", b"b")], id="plain"),
        pytest.param(b"data:a\n\ndata:b\n\n", [("", b"a"), ("", b"b")], id="no space"),
        pytest.param(b"data:a\n\ndata: b\n\n", [("", b"a"), ("", b"b")], id="mixed spaces"),
        pytest.param(b"data:  a \n\n", [("", b" a ")], id="one space only"),
        pytest.param(
            b"data: a\r\n\r\ndata: b\r\rdata: c\n\r\n", [("", c) for c in (b"a", b"b", b"c")]
        ),
        pytest.param(b"data: {\ndata: }\n\n", [("", b"{\n}")], id="several lines"),
        pytest.param(b"\xef\xbb\xbfdata: a\n\n", [("", b"a")], id="BOM"),
        pytest.param(b"\n\xef\xbb\xbfdata: a\n\n", [], id="BOM elsewhere"),
        pytest.param(b": ping\n\n:\n\ndata: a\n: x\n\n", [("", b"a")], id="comments"),
        pytest.param(b"event: ping\n\nid: 1\nretry: 5\n\ndata: a\n\n", [("", b"a")], id="no data"),
        pytest.param(b"event: ping\ndata:\n\n", [("ping", b"")], id="empty data"),
        pytest.param(b"data\n\ndata\ndata\n\n", [("", b""), ("", b"\n")], id="data without colon"),
        pytest.param(b"event: a\nevent: b\ndata: x\n\n", [("b", b"x")], id="last type counts"),
        pytest.param(b"event: a\nevent\ndata: x\n\n", [("", b"x")], id="type without colon"),
        pytest.param(b"event: a\ndata: x\n\nevent: b\ndata: y\n\n", [("a", b"x"), ("b", b"y")]),
        pytest.param(b"data: a\n\nerror: {}\n\n", [("", b"a"), ("error", b" {}")], id="error"),
        pytest.param(b'{"error": 1}', [("error", b'{"error": 1}')], id="error alone"),
        pytest.param(b"event: a\xff\ndata: \xff\n\n", [("a�", b"\xff")], id="bad UTF-8"),
        pytest.param(b"data: a\n\ndata: b", [("", b"a"), ("", b"b")], id="no last line end"),
        pytest.param(b"data: a\n\ndata: b\n", [("", b"a"), ("", b"b")], id="no blank line"),
        pytest.param(b"data: a\n\ndata: b\r", [("", b"a"), ("", b"b")], id="ends in CR"),
        pytest.param(b"xdata: a\n\n data: b\n\nDATA: c\n\n", [], id="other fields"),
        pytest.param(
            "data: a\u2028b\u0085c\x0bd\n\n".encode(), [("", "a\u2028b\u0085c\x0bd".encode())]
        ),
        pytest.param(b"", [], id="nothing"),
    ],
)
def test_examples(stream, events):
    """A stream gives the same events whole, byte by byte, and by the naive reading."""
    assert decode(stream) == events
    assert decode(*in_pieces(stream, 1)) == events
    assert naive(stream) == events


@pytest.mark.parametrize(
    "stream",
    [
        b"\xef\xbb\xbfdata:a\n\nx",
        b"data: a\r\n\r\n\rx",
        b"data:\n\ndata:\r\r",
        b"event:e\ndata:\n\n",
        b":\n\r\ndata\n\ndata",
    ],
)
def test_every_chunking(stream):
    """No way to cut a stream changes its events."""
    expected = naive(stream)
    assert all(decode(*blocks) == expected for blocks in every_chunking(stream))


LINES = [b"data: {}", b"data:{}", b"data: x\xe2\x80\xa8", b"data", b" data: a", b"xdata: a"]
LINES += [b"event: e", b"event:", b"xevent: e", b": c", b"id: 1", b"", b"", b""]
WHOLE = [b"data: {}\n\n", b"data:{}\n\n", b"event: e\ndata: {}\n\n", b"data: {}\n\n\n", b"x\n\n"]
STREAMS = st.one_of(
    st.lists(
        st.tuples(st.sampled_from(LINES), st.sampled_from([b"\n", b"\r\n", b"\r"])).map(b"".join)
    ),
    st.lists(st.sampled_from(LINES).map(lambda line: line + b"\n")),
    st.lists(st.sampled_from(WHOLE)),
    st.lists(st.binary()),
).map(b"".join)


@given(stream=STREAMS, cuts=st.lists(st.integers(0, 100)))
@example(b"data: a\n\nxdata: b\n\n", [])
@example(b"event: e\ndata: a\n\nxevent: e\ndata: b\n\n", [])
@example(b"data: a\rdata: b\n\n", [])
@example(b"data: a\r\ndata: b\r\n\r\n", [8])
def test_any_stream_and_chunking(stream, cuts):
    """Whatever the stream and its cuts, at its start or later, the naive reading is right."""
    expected, later = naive(stream), naive(b"\n" + stream)
    for blocks in (cut(stream, cuts), *(in_pieces(stream, size) for size in (1, 2, 3))):
        assert decode(*blocks) == expected
        assert decode(b"\n", *blocks) == later


def test_event_is_given_with_its_last_byte():
    """An event comes with the byte that ends its blank line, not later."""
    decoder = SSEDecoder(100)
    assert decoder.feed(b"data: a\r\n") == []
    assert decoder.feed(b"\r") == [("", b"a")]
    assert decoder.feed(b"\ndata: b\n") == []
    assert decoder.feed(b"\n") == [("", b"b")]


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(b"data: " + b"x" * 95, id="open line"),
        pytest.param(b"data: " + b"x" * 95 + b"\n\n", id="line"),
        pytest.param(b"data: x\n" * 15, id="data lines"),
        pytest.param(b": ping\n" * 17, id="comments"),
        pytest.param(b"x" * 101, id="no field"),
        pytest.param(b"data: a\n\n" * 20 + b"data: " + b"x" * 95 + b"\n\n", id="after good events"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_limit(stream, size):
    """An event over the limit is an error under every chunking."""
    with pytest.raises(LimitExceededError, match="longer than 100 bytes"):
        decode(b"\n", *in_pieces(stream, size), limit=100)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_limit_is_of_one_event(size):
    """Events of exactly the limit, and more of them than the limit, are fine."""
    stream = (b": c\ndata: " + b"x" * 91 + b"\r\n\r\n: ping\n\n") * 20
    blocks = in_pieces(stream, size)
    assert decode(*blocks, limit=100) == [("", b"x" * 91)] * 20


def feed_for_ever(decoder, block):
    """Feed one block again and again; only an error ends it."""
    while True:
        decoder.feed(block)


def test_endless_line_takes_no_more_memory_than_its_limit():
    """A line that never ends is refused before it takes twice the limit."""
    limit = 2**20
    tracemalloc.start()
    try:
        with pytest.raises(LimitExceededError):
            feed_for_ever(SSEDecoder(limit), b"xy" * 50)
        assert tracemalloc.get_traced_memory()[1] < 2 * limit
    finally:
        tracemalloc.stop()


def test_long_line_in_tiny_pieces_takes_linear_time():
    """A megabyte in one-byte blocks takes about a second; read again each time, minutes."""
    decoder = SSEDecoder(2**21)
    begin = time.process_time()
    for _ in range(2**20):
        decoder.feed(b"x")
    assert time.process_time() - begin < 30


def test_long_event_in_blocks_takes_linear_time():
    """An event of many short lines is joined once."""
    block = b"data: x\n" * 1000
    begin = time.process_time()
    (event,) = decode(*[block] * 200, limit=10**8)
    assert event == ("", b"\n".join([b"x"] * 200_000))
    assert time.process_time() - begin < 30


def test_many_events_in_blocks_of_any_size():
    """A long stream in network-sized blocks gives each event once."""
    stream = EVENT * 2000
    for size in (1460, 16384, len(EVENT) // 2, len(stream)):
        blocks = in_pieces(stream, size)
        assert decode(*blocks) == [("", EVENT[6:-2])] * 2000
