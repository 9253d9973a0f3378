"""Unpacks bodies that a server has packed although it was asked not to, in bounded pieces."""

from __future__ import annotations

import zlib
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

import httpx2

from ._errors import MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST_AT_ONCE = 2**20  # bytes that are unpacked at once
_MOST_CODINGS = 5
_HEAD_SIZE = 2  # bytes that say whether deflate has a head
_GZIP = b"\x1f"  # how a member of gzip begins


class Unpacker:
    """Unpacks one body.

    Args:
        codings: How it was packed, first to last with commas between, as `Content-Encoding` says.
            Unknown ones are passed over, as httpx2 does.

    Raises:
        MissingDependencyError: A package is needed to unpack it.
    """

    def __init__(self, codings: bytes) -> None:
        names = [name.strip().lower() for name in codings.decode("latin-1").split(",")]
        known = [_UNPACKERS[name] for name in reversed(names) if name in _UNPACKERS]
        if len(known) > _MOST_CODINGS:
            raise httpx2.DecodingError(f"it was packed {len(known)} times")
        self._steps = [make() for make in known]

    def feed(self, block: bytes) -> Iterator[bytes]:
        """Give what a block brings, in pieces that are not empty."""
        return self._through(block, 0)

    def _through(self, block: bytes, step: int) -> Iterator[bytes]:
        if step == len(self._steps):
            yield block
            return
        for piece in self._steps[step].feed(block):
            yield from self._through(piece, step + 1)


class _Step(Protocol):
    def feed(self, block: bytes) -> Iterator[bytes]: ...


class _Zlib:
    """gzip, of one member or several, and deflate with a head or without."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
        self._head = b""

    def feed(self, block: bytes) -> Iterator[bytes]:
        while True:
            if self._inflate.eof:
                block = block.lstrip(b"\0")
                if not block.startswith(_GZIP):
                    return  # what follows is no part of it
                self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
            piece = self._piece(block)
            if piece:
                yield piece
            block = (
                self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
            )
            if not block and len(piece) < _MOST_AT_ONCE:
                return

    def _piece(self, block: bytes) -> bytes:
        before, self._head = self._head, (self._head + block)[:_HEAD_SIZE]
        try:
            return self._inflate.decompress(block, _MOST_AT_ONCE)
        except zlib.error as error:
            if len(before) == _HEAD_SIZE:
                raise httpx2.DecodingError(str(error)) from error
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)  # deflate without its own head
        self._head = bytes(_HEAD_SIZE)
        return self._piece(before + block)


class _Brotli:
    def __init__(self) -> None:
        library = _library("brotli", "brotli", "brotlicffi")
        self._error = library.error
        made = library.Decompressor()
        process = made.process if hasattr(made, "process") else made.decompress
        try:
            process(b"", output_buffer_limit=_MOST_AT_ONCE)
        except TypeError:  # before version 1.2
            self._process: Callable[[bytes], bytes] = process
        else:
            self._process = partial(process, output_buffer_limit=_MOST_AT_ONCE // 2)

    def feed(self, block: bytes) -> Iterator[bytes]:
        try:
            while piece := self._process(block):
                yield piece
                block = b""
        except self._error as error:
            raise httpx2.DecodingError(str(error)) from error


class _Zstandard:
    def __init__(self) -> None:
        self._library = _library("zstd", "compression.zstd", "backports.zstd")
        self._frame = self._library.ZstdDecompressor()

    def feed(self, block: bytes) -> Iterator[bytes]:
        try:
            while True:
                if self._frame.eof:
                    self._frame = self._library.ZstdDecompressor()
                piece = self._frame.decompress(block, _MOST_AT_ONCE)
                if piece:
                    yield piece
                block = self._frame.unused_data if self._frame.eof else b""
                if not block and (self._frame.eof or self._frame.needs_input):
                    return
        except self._library.ZstdError as error:
            raise httpx2.DecodingError(str(error)) from error


def _library(extra: str, *names: str) -> Any:
    for name in names:
        try:
            return import_module(name)
        except ImportError:
            continue
    raise MissingDependencyError(
        f"the server packed its answer with {extra} although it was asked not to: "
        f'to unpack it, `pip install "httpx2[{extra}]"`'
    )


_UNPACKERS: dict[str, Callable[[], _Step]] = {
    **dict.fromkeys(("gzip", "x-gzip", "deflate"), _Zlib),
    "br": _Brotli,
    "zstd": _Zstandard,
}
