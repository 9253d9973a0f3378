"""Tolerant JSON and the joining of surrogate halves."""

from __future__ import annotations

import gc
import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatadapters._errors import MalformedStreamError
from chatadapters._json import SurrogateJoiner, TypedDecoder, loads, nested_deeper
from tests.chunks import cut, in_pieces

#: Measuring coverage imports modules of its own into every process.
UNMEASURED = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")}


class Delta(msgspec.Struct):
    content: str | None = None
    index: int = 0


class Choice(msgspec.Struct):
    delta: Delta = msgspec.field(default_factory=Delta)
    finish_reason: str | None = None


class Chunk(msgspec.Struct):
    choices: list[Choice] = []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(value=VALUES)
def test_good_json_is_read_as_it_is(value):
    """What json writes is read back, from text and from bytes."""
    text = json.dumps(value, ensure_ascii=False)
    assert loads(text) == value
    assert loads(text.encode()) == value


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"x": Infinity, "y": -Infinity}', {"x": math.inf, "y": -math.inf}),
        (b"[1e999]", [math.inf]),
        (b"9" * 40, 10**40 - 1),
        (b'"a\n\tb"', "a\n\tb"),
        ('"a\u2028b\u0085c"'.encode(), "a\u2028b\u0085c"),
        (b'"caf\xc3\xa9 caf\xc3"', "café caf�"),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (rb'"\ud83d\ude00"', "😀"),
        (rb'"\ud83d"', "\ud83d"),
        (rb'"\ude00 x"', "\ude00 x"),
        ('"\ud83d"', "\ud83d"),
        (b' \r\n{"a": null} ', {"a": None}),
    ],
)
def test_what_strict_json_refuses_is_read(data, value):
    """Numbers, characters and bytes that providers get wrong are read right."""
    assert loads(data) == value


def test_nan_is_read():
    """NaN is a number that equals nothing."""
    assert math.isnan(loads(b'{"logprob": NaN}')["logprob"])


@pytest.mark.parametrize(
    "data", [b"", b" ", b"<html>", b'{"a": 1', b'{"a": 1}}', b"[DONE]", b"\xff", b"[" * 10**5, "no"]
)
@pytest.mark.parametrize("read", [loads, TypedDecoder(Chunk).decode])
def test_no_json_is_an_error_that_shows_it(data, read):
    """What is no JSON is an error that shows how it begins."""
    with pytest.raises(MalformedStreamError, match="no JSON") as caught:
        read(data)
    assert repr(data[:200]) in str(caught.value)


@pytest.mark.parametrize("read", [loads, TypedDecoder(Chunk).decode])
def test_error_message_is_short_and_keeps_nothing_alive(read):
    """The error of a long document is short and does not hold the document."""
    with pytest.raises(MalformedStreamError) as caught:
        read(b"<" * 10**6)
    assert len(str(caught.value)) < 400
    assert "1000000 in all" in str(caught.value)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


@pytest.mark.parametrize(
    ("data", "chunk"),
    [
        (rb'{"choices": [{"delta": {"content": "a"}}]}', Chunk([Choice(Delta("a"))])),
        (rb'{"id": [{}], "choices": [], "x": {"y": [1]}}', Chunk()),
        (rb"{}", Chunk()),
        (rb'{"choices": null}', Chunk()),
        (
            rb'{"choices": [{"delta": null, "finish_reason": "stop"}]}',
            Chunk([Choice(finish_reason="stop")]),
        ),
        (
            rb'{"choices": [{"delta": {"content": null, "index": "3"}}]}',
            Chunk([Choice(Delta(None, 3))]),
        ),
        (
            rb'{"x": NaN, "choices": [{"delta": {"content": "\ud83d"}}]}',
            Chunk([Choice(Delta("\ud83d"))]),
        ),
        (b'{"choices": [{"delta": {"content": "a\nb\xff"}}]}', Chunk([Choice(Delta("a\nb�"))])),
        ('{"choices": []}', Chunk()),
    ],
)
def test_typed_reading(data, chunk):
    """A type is filled from good JSON, from broken JSON and in spite of nulls."""
    assert TypedDecoder(Chunk).decode(data) == chunk


@pytest.mark.parametrize("data", [b"[]", b"1", b"null", b'{"choices": 1}', b'{"choices": [null]}'])
def test_json_of_another_shape_is_an_error(data):
    """JSON that does not fit the type is an error that says where and shows it."""
    with pytest.raises(MalformedStreamError, match=r"unexpected JSON \(Expected") as caught:
        TypedDecoder(Chunk).decode(data)
    assert repr(data) in str(caught.value)


def test_null_that_the_type_allows_stays():
    """A null that the type asks for is not taken for a missing field."""

    @dataclass
    class Strict:
        needed: int | None
        number: int = 0
        rest: list[int | None] = field(default_factory=list)

    decoder = TypedDecoder(Strict)
    assert decoder.decode(b'{"needed": null, "number": "1"}') == Strict(None, 1)
    assert decoder.decode(b'{"needed": 1, "number": null, "rest": [null]}') == Strict(1, 0, [None])


def test_nesting_that_json_reads_but_the_cleaning_does_not_is_an_error():
    """Deep JSON of another shape ends in the same error, not in a RecursionError."""
    with pytest.raises(MalformedStreamError):
        TypedDecoder(Chunk).decode(b'{"choices": ' + b"[" * 900 + b"]" * 900 + b"}")


@pytest.mark.parametrize("read", [loads, TypedDecoder(Chunk).decode], ids=["loads", "decode"])
def test_deep_json_leaves_room_for_what_is_cleaned_up(read):
    """The garbage collector runs while lists are made; what it ends must not lack the stack."""
    cleaned = 0

    def deep(steps):
        return steps and deep(steps - 1)

    class Garbage:
        def __init__(self):
            self.itself = self

        def __del__(self):
            nonlocal cleaned
            deep(50)
            cleaned += 1

    usual = gc.get_threshold()
    try:
        for lists in range(700, 1000, 5):
            gc.collect()
            Garbage()
            gc.set_threshold(lists)  # it runs when so many more are in each other
            with pytest.raises(MalformedStreamError, match="nested more than 200 deep"):
                read(b'{"x": ' + b"[" * 5000)
    finally:
        gc.set_threshold(*usual)
    gc.collect()
    assert cleaned == 60


@pytest.mark.parametrize("text", ["[" * 200 + "]" * 200, '"' + "[" * 300 + '"', "[" + "[]," * 300])
def test_json_that_is_not_too_deep(text):
    """Brackets in strings and beside each other do not count."""
    assert not nested_deeper(text)
    assert nested_deeper("[" + text + "[" * 201)


def test_threads_that_read_a_type_for_the_first_time_at_once():
    """In a process of its own: msgspec crashes where it learns a type in two threads."""
    subprocess.run([sys.executable, "-c", _FIRST_AT_ONCE], check=True, env=UNMEASURED)


_FIRST_AT_ONCE = """
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
import msgspec
from chatadapters._json import TypedDecoder

THREADS = 16
sys.setswitchinterval(1e-6)
barrier = threading.Barrier(THREADS)

def decode(decoder):
    barrier.wait()
    return decoder.decode(b'{"choices": [{"delta": {"content": "a", "parts": [{"text": "b"}]}}]}')

with ThreadPoolExecutor(THREADS) as pool:
    for _ in range(50):
        part = msgspec.defstruct("Part", [("text", str, "")])
        delta = msgspec.defstruct("Delta", [("content", str, ""), ("parts", list[part], [])])
        choice = msgspec.defstruct("Choice", [("delta", delta | None, None)])
        chunk = msgspec.defstruct("Chunk", [("choices", list[choice], [])])
        read = list(pool.map(decode, [TypedDecoder(chunk)] * THREADS))
        assert [each.choices[0].delta.parts[0].text for each in read] == ["b"] * THREADS
"""


def test_nothing_is_imported_before_it_is_needed():
    """Importing the module and making a decoder imports neither msgspec nor json."""
    code = (
        "import sys; from chatadapters._json import TypedDecoder; TypedDecoder(dict);"
        "print(sorted({'msgspec', 'json', 'asyncio'} & set(sys.modules)))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=UNMEASURED
    )
    assert out.stdout == "[]\n"


def joined(pieces) -> str:
    """Run a joiner over pieces; what it gives is valid Unicode all along."""
    joiner = SurrogateJoiner()
    texts = [*(joiner.feed(piece) for piece in pieces), joiner.flush()]
    for text in texts:
        text.encode()
    return "".join(texts)


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["a", "b"], "ab"),
        (["a\ud83d", "\ude00b"], "a😀b"),
        (["\ud83d", "", "\ude00"], "😀"),
        (["\ud83d", "x"], "�x"),
        (["\ud83d"], "�"),
        (["\ude00x"], "�x"),
        (["\ud83d", "\ud83d", "\ude00"], "�😀"),
        (["\ud83d\ude00"], "😀"),
        (["😀\ud83d", "\ude00é"], "😀😀é"),
        (["\ud83d", "\ude00\ud83d", "\ude00"], "😀😀"),
        ([], ""),
    ],
)
def test_halves_are_joined(pieces, text):
    """Halves that belong together become one character, others U+FFFD."""
    assert joined(pieces) == text


@given(text=st.text("a\ud83d\ude00é😀\n", max_size=30), cuts=st.lists(st.integers(0, 30)))
def test_joining_does_not_depend_on_the_chunks(text, cuts):
    """Any text in any pieces becomes the valid text that it is in UTF-16."""
    units = text.encode("utf-16-le", "surrogatepass")
    expected = units.decode("utf-16-le", "replace")
    assert joined(cut(text, cuts)) == joined(in_pieces(text, 1)) == expected


def test_text_before_a_half_is_not_held():
    """Only the half itself waits."""
    assert SurrogateJoiner().feed("abc\ud83d") == "abc"
