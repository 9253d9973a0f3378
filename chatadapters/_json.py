"""Reads the JSON that providers really send, fast where it is right and tolerant where not."""

from __future__ import annotations

import os
import re
from functools import cache
from itertools import accumulate
from threading import RLock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ._content import repaired
from ._errors import MalformedStreamError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_SHOWN = 200  # characters of the data that an error message shows
_HIGH = ("\ud800", "\udbff")
#: How deep JSON may be nested. Servers written in Rust read no deeper than 128 (serde_json).
_DEEPEST = 200
# It always matches, so that no text makes it look at anything twice.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKETS = b"[{]}"
_OTHERS = bytes(set(range(256)) - set(_BRACKETS))
#: msgspec lets other threads see what it knows of a type before all of it is there, and crashes.
_preparing = RLock()
if hasattr(os, "register_at_fork"):  # a child has no thread that would end what is half done
    os.register_at_fork(
        before=_preparing.acquire,
        after_in_parent=_preparing.release,
        after_in_child=_preparing.release,
    )


def loads(data: bytes | str) -> Any:
    r"""Read one JSON value.

    What strict JSON refuses is read all the same: NaN and infinities, numbers beyond 64 bits,
    raw control characters in strings, a BOM, bad UTF-8 (becomes U+FFFD), and lone halves of
    surrogate pairs, which stay as they are for `SurrogateJoiner`.

    Args:
        data: The JSON text.

    Returns:
        Dicts, lists, strings, numbers, booleans and None.

    Raises:
        MalformedStreamError: It is no JSON, or nested more than 200 deep; the message shows how
            it begins.

    Example:
        >>> loads(b'{"logprob": NaN, "text": "caf\xc3"}')
        {'logprob': nan, 'text': 'caf�'}
    """
    if nested_deeper(data):
        raise MalformedStreamError(
            f"the stream holds no JSON (nested more than {_DEEPEST} deep): {_clip(data)}"
        )
    try:
        return _decode()(data)
    except _failures():
        pass
    return _loads_tolerant(data)


def nested_deeper(data: bytes | str, most: int = _DEEPEST) -> bool:
    """Tell whether JSON is nested deeper, in time that grows with its length alone.

    To be asked before it is read: readers find out at the end of the stack, where the garbage
    collector, which runs as lists are made, has no room left for what others clean up.

    Args:
        data: The JSON text.
        most: How many arrays and objects may be in each other.

    Example:
        >>> nested_deeper(b'[{"a": "[[["}]', 2), nested_deeper(b"[[[", 2)
        (False, True)
    """
    text = data.encode(errors="replace") if isinstance(data, str) else data
    if text.count(b"[") + text.count(b"{") <= most:
        return False
    brackets = without_strings(text).translate(None, _OTHERS)
    depths = accumulate(1 if bracket in b"[{" else -1 for bracket in brackets)
    return max(depths, default=0) > most


def without_strings(text: bytes) -> bytes:
    """Leave out the strings of JSON, also one that does not end.

    Example:
        >>> without_strings(b'{"a[": [1, "b')
        b'{: [1, '
    """
    return _STRING.sub(b"", text)


class TypedDecoder(Generic[T]):
    """Reads JSON into a type that msgspec knows, such as a `msgspec.Struct` or a dataclass.

    The type names only what is needed: unknown fields are skipped without being built. What
    does not fit at first is read again by `loads`, numbers in strings are taken as numbers, and
    a null where the type allows none counts as a missing field, so it gets its default. One
    decoder serves every stream and thread.

    Args:
        type_: What to read into.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass
        ... class Delta:
        ...     content: str = ""
        >>> decoder = TypedDecoder(Delta)
        >>> decoder.decode(b'{"content": "Hi", "role": "assistant"}')
        Delta(content='Hi')
        >>> decoder.decode(b'{"content": null}')
        Delta(content='')
    """

    __slots__ = ("_decode", "_type")

    def __init__(self, type_: type[T]) -> None:
        self._type = type_
        self._decode: Callable[[bytes | str], T] | None = None

    def decode(self, data: bytes | str) -> T:
        """Read one JSON value.

        Args:
            data: The JSON text.

        Returns:
            An object of the decoder's type.

        Raises:
            MalformedStreamError: It is no JSON, or JSON of another shape.
        """
        decode = self._decode or self._prepare()
        try:
            return decode(data)
        except _failures():
            pass
        return self._convert(loads(data), data)

    def _prepare(self) -> Callable[[bytes | str], T]:
        import msgspec

        with _preparing:
            decode = self._decode = msgspec.json.Decoder(self._type).decode
        return decode

    def _convert(self, value: Any, data: bytes | str) -> T:
        import msgspec

        reason = ""
        for clean in (_as_it_is, _without_nulls):
            try:
                return msgspec.convert(clean(value), self._type, strict=False)
            except _failures() as error:
                reason = str(error)
        raise MalformedStreamError(f"the stream holds unexpected JSON ({reason}): {_clip(data)}")


class SurrogateJoiner:
    r"""Makes valid Unicode of text whose characters may be cut into surrogate halves.

    A high half at the end of a delta waits for the low half at the start of the next one; a
    half that finds no partner becomes U+FFFD. Each kind of text needs a joiner of its own.

    Attributes:
        high: The half that waits, or `""`; while none does, ASCII needs no joiner.

    Example:
        >>> joiner = SurrogateJoiner()
        >>> joiner.feed("Hi \ud83d"), joiner.feed("\ude00!"), joiner.flush()
        ('Hi ', '😀!', '')
    """

    __slots__ = ("high",)

    def __init__(self) -> None:
        self.high = ""

    def feed(self, text: str) -> str:
        """Take the next delta and give the text that is whole now."""
        if not self.high:
            if text.isascii():
                return text
            if not _HIGH[0] <= text[-1] <= _HIGH[1]:
                return repaired(text)
        text = self.high + text
        self.high = text[-1] if _HIGH[0] <= text[-1] <= _HIGH[1] else ""
        whole = text[:-1] if self.high else text
        return repaired(whole)

    def flush(self) -> str:
        """Give what is left when the text has ended: U+FFFD for a half that waits, or `""`."""
        left, self.high = "\ufffd" if self.high else "", ""
        return left


@cache
def _decode() -> Callable[[bytes | str], Any]:
    import msgspec

    return msgspec.json.Decoder().decode


@cache
def _failures() -> tuple[type[Exception], ...]:
    """What reading may raise; msgspec's errors are ValueErrors only in its newer versions."""
    import msgspec

    return msgspec.MsgspecError, ValueError, RecursionError


def _loads_tolerant(data: bytes | str) -> Any:
    import json

    text = data if isinstance(data, str) else data.decode("utf-8-sig", errors="replace")
    try:
        return json.loads(text, strict=False)
    except _failures() as error:
        reason = str(error)
    # Raised out here, so that it does not keep the decoder's error and all its data alive.
    raise MalformedStreamError(f"the stream holds no JSON ({reason}): {_clip(data)}")


def _as_it_is(value: Any) -> Any:
    return value


def _without_nulls(value: Any) -> Any:
    """Leave out every field that is null."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _clip(data: bytes | str) -> str:
    return repr(data) if len(data) <= _SHOWN else f"{data[:_SHOWN]!r}... ({len(data)} in all)"
