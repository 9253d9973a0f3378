"""Scenarios below the event stream: TCP, HTTP framing, compression."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from .answers import Answer, Step, encode, pieces, raw, spaced
from .scenario import BEFORE, Ask, begun, scenario

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def whole(ask: Ask) -> bytes:
    """Give a healthy body in one piece."""
    return b"".join(encode(ask.reply().events))


@scenario("error", port="refused")
def connection_refused(_: Ask) -> Answer:
    """Nobody listens on the port."""
    return Answer()


@scenario("error", port="full")
def connect_hangs(_: Ask) -> Answer:
    """The connection is never made: packets are dropped."""
    return Answer()


@scenario("retry")
def reset_before_headers_once(_: Ask) -> Answer:
    """The request is read, then the connection is reset, once."""
    return raw(end="rst")


@scenario("error")
def close_before_headers_always(_: Ask) -> Answer:
    """The request is read, then the connection is closed without a byte, every time."""
    return raw()


@scenario("retry")
def stall_headers_once(_: Ask) -> Answer:
    """No byte of an answer comes, once."""
    return raw(end="hold")


@scenario("error")
def stall_headers_always(_: Ask) -> Answer:
    """No byte of an answer comes, every time."""
    return raw(end="hold")


@scenario("error")
def garbage_http(_: Ask) -> Answer:
    """What comes is not HTTP."""
    return raw(b"220 mail.example.com ESMTP Postfix\r\n")


@scenario("retry")
def headers_cut_once(_: Ask) -> Answer:
    """The connection is closed in the middle of the headers, once."""
    return raw(_HEAD)


@scenario("error")
def endless_headers(_: Ask) -> Answer:
    """The headers never end (here: after 64 MiB)."""
    many = b"X-Pad: " + b"x" * 8000 + b"\r\n"
    return Answer(_repeat(_HEAD, many * 8, 1024), framing="raw", end="fin")


def _repeat(first: bytes, again: bytes, times: int) -> Iterator[Step]:
    yield first
    for _ in range(times):
        yield again


@scenario("exact")
def slow_headers(ask: Ask) -> Answer:
    """The headers come in pieces of 4 bytes, during 1 s."""
    head = pieces(_HEAD + b"Connection: close\r\n\r\n", 4)
    slowly = list(spaced(head, 1 / len(head)))
    return raw(*slowly, whole(ask))


@scenario("exact")
def early_hints(ask: Ask) -> Answer:
    """Informational answers (100, 103) come before the real one."""
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
    first = b"HTTP/1.1 100 Continue\r\n\r\n"
    return raw(first, hints, _HEAD + b"Connection: close\r\n\r\n", whole(ask))


@scenario("exact")
def http10_close(ask: Ask) -> Answer:
    """HTTP/1.0, the body ends with the connection."""
    return raw(b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", whole(ask))


@scenario("retry")
def http10_cut_once(ask: Ask) -> Answer:
    """HTTP/1.0, the body is cut and nothing in HTTP can tell, once."""
    return raw(b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", *begun(ask))


@scenario("exact")
def content_length(ask: Ask) -> Answer:
    """The stream has a Content-Length."""
    return Answer([whole(ask)], framing="length")


@scenario("retry")
def content_length_short_once(ask: Ask) -> Answer:
    """Fewer bytes come than Content-Length says, then a clean close, once."""
    length = {"Content-Length": str(len(whole(ask)))}
    return Answer(begun(ask), headers=length, framing="length", end="fin")


@scenario("retry")
def chunked_cut_once(ask: Ask) -> Answer:
    """The connection is closed without the chunk that ends the body, once."""
    return Answer(begun(ask), end="fin")


@scenario("exact")
def chunked_cut_after_end(ask: Ask) -> Answer:
    """The reply is whole, but the connection is closed without the last chunk."""
    return Answer([whole(ask)], end="fin")


@scenario("exact")
def reset_after_finish(ask: Ask) -> Answer:
    """The connection is reset right after the event that finishes the reply."""
    parts = ask.reply()
    return Answer(encode([*parts.head, *parts.texts, *parts.tail]), end="rst")


@scenario("retry")
def bad_chunk_size_once(ask: Ask) -> Answer:
    """The size line of an HTTP chunk is not a number, once."""
    text = b"".join(begun(ask))
    return raw(_CHUNKED, f"{len(text):x}\r\n".encode() + text + b"\r\n", b"zz\r\noops\r\n")


@scenario("exact")
def chunk_extensions(ask: Ask) -> Answer:
    """HTTP chunks have extensions and the body has trailers, as HTTP allows."""
    frames = [f"{len(p):x};a=b\r\n".encode() + p + b"\r\n" for p in pieces(whole(ask), 100)]
    return raw(_CHUNKED, *frames, b"0\r\nX-Checksum: 1234\r\n\r\n", end="clean")


@scenario("exact")
def one_blob(ask: Ask) -> Answer:
    """A proxy that buffers: the whole stream in one write."""
    return Answer([whole(ask)])


@scenario("exact")
def split_bytes(ask: Ask) -> Answer:
    """The body comes in pieces of 3 bytes: lines, characters and line ends are split."""
    return Answer(pieces(whole(ask), 3))


@scenario("exact")
def gzip_sse(ask: Ask) -> Answer:
    """`Content-Encoding: gzip`, flushed after each event."""
    return Answer(gzipped(encode(ask.reply().events)), headers={"Content-Encoding": "gzip"})


@scenario("exact")
def gzip_one_byte(ask: Ask) -> Answer:
    """`Content-Encoding: gzip`, the compressed bytes come one by one."""
    packed = b"".join(gzipped([whole(ask)]))
    return Answer(pieces(packed, 1), headers={"Content-Encoding": "gzip"})


@scenario("retry")
def gzip_cut_once(ask: Ask) -> Answer:
    """A compressed stream ends in its middle, cleanly for HTTP, once."""
    packed = gzipped(encode(ask.reply().events))
    return Answer(list(packed)[: BEFORE + 1], headers={"Content-Encoding": "gzip"})


@scenario("retry")
def gzip_false_once(ask: Ask) -> Answer:
    """`Content-Encoding: gzip` on a body that is not compressed, once."""
    return Answer([whole(ask)], headers={"Content-Encoding": "gzip"})


def gzipped(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Compress pieces of a body, each flushed."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    for part in parts:
        yield packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()


@scenario("exact")
def wrong_content_type(ask: Ask) -> Answer:
    """An event stream under `application/json`."""
    return Answer(encode(ask.reply().events), headers={"Content-Type": "application/json"})


@scenario("exact")
def no_content_type(ask: Ask) -> Answer:
    """An event stream without a Content-Type."""
    return raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", whole(ask))
