"""Bodies that were packed although that was refused come out whole, whatever they were cut into."""

from __future__ import annotations

import gzip
import random
import sys
import zlib
from collections.abc import Callable
from importlib import import_module
from itertools import chain
from typing import Any

import httpx2
import pytest

from chatadapters import MissingDependencyError, _unpack, text_generation_predict
from chatadapters._unpack import Unpacker
from chatadapters.testing.faults import Answer, Ask, FaultServer, Scenario, scenario
from tests.both import Run, complete

BODY = random.Random(1).randbytes(3000) + bytes(3000)
MORE = b"and more"
_ZSTD = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"


def _deflate(body: bytes) -> bytes:
    return zlib.compress(body)


def _raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def _by(library: str) -> Callable[[bytes], bytes]:
    def pack(body: bytes) -> bytes:
        packed: bytes = import_module(library).compress(body)
        return packed

    return pack


PACKINGS: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    "gzip": (b"gzip", gzip.compress),
    "members": (b"x-gzip", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])),
    "padded": (b"GZIP", lambda body: gzip.compress(body[:9]) + b"\0" + gzip.compress(body[9:])),
    "deflate": (b"deflate", _deflate),
    "raw deflate": (b"deflate", _raw_deflate),
    "brotli": (b"br", _by("brotli")),
    "zstandard": (b"zstd", _by(_ZSTD)),
    "frames": (b"zstd", lambda body: _by(_ZSTD)(body[:9]) + _by(_ZSTD)(body[9:])),
    "twice": (b"deflate, gzip", lambda body: gzip.compress(zlib.compress(body))),
    "unknown": (b"identity, none, gzip", gzip.compress),
}


def _unpacked(coding: bytes, packed: bytes, size: int) -> bytes:
    unpacker = Unpacker(coding)
    pieces = (packed[at : at + size] for at in range(0, len(packed), size))
    return b"".join(chain.from_iterable(map(unpacker.feed, pieces)))


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("name", PACKINGS)
def test_it_comes_out_whole(name: str, size: int) -> None:
    """However it was packed and cut."""
    coding, pack = PACKINGS[name]
    assert _unpacked(coding, pack(BODY), size) == BODY


@pytest.mark.parametrize("name", PACKINGS)
def test_a_bomb_comes_in_pieces(name: str) -> None:
    """Of a bounded size, and to its last byte."""
    coding, pack = PACKINGS[name]
    packed = pack(bytes(5 * 2**20 + 1))
    pieces = [len(piece) for piece in Unpacker(coding).feed(packed)]
    assert sum(pieces) == 5 * 2**20 + 1
    assert max(pieces) <= 2 * 2**20


@pytest.mark.parametrize("name", ["gzip", "deflate", "brotli", "zstandard"])
def test_what_is_not_packed_so(name: str) -> None:
    """It is an error, as in httpx2."""
    coding, pack = PACKINGS[name]
    packed = pack(b"text " * 99)
    broken = packed[: len(packed) // 2] + b"plain text" * 100
    with pytest.raises(httpx2.DecodingError):
        _unpacked(coding, broken, 7)


def test_what_follows_gzip_is_no_part_of_it() -> None:
    """As in httpx2, unless it is another member."""
    assert _unpacked(b"gzip", gzip.compress(BODY) + b"\0\0trailing", 7) == BODY


def test_packed_too_often() -> None:
    """Each time multiplies what a few bytes may become."""
    with pytest.raises(httpx2.DecodingError, match="6 times"):
        Unpacker(b", ".join([b"gzip"] * 6))


def _packed_as(coding: str) -> Scenario:
    @scenario("error")
    def packed(_: Ask) -> Answer:
        """A body that says it is packed."""
        return Answer([b"???"], headers={"Content-Encoding": coding})

    return packed


@pytest.mark.parametrize(("coding", "extra"), [("br", "brotli"), ("zstd", "zstd")])
def test_a_library_that_is_not_there(
    coding: str, extra: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named, with what to install."""

    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(_unpack, "import_module", missing)
    with FaultServer() as server:
        predict = text_generation_predict(server.url(_packed_as(coding), "tgi"))
        with pytest.raises(MissingDependencyError, match=rf"httpx2\[{extra}\]"):
            complete(run, predict, "Hi")
