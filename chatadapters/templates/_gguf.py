"""Read the chat template, the control tokens and the context length out of a GGUF model file.

The `gguf` package reads them too, but needs numpy, and takes seconds where this takes a tenth of
one: it maps the whole file and makes arrays of every entry. The tests read what it writes.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from chatadapters._errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Found = TypeVar("Found")
_SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_STRING, _ARRAY = 8, 9
_VERSIONS = (2, 3)
_LONGEST = 2**24
_MOST = 2**22
_CONTROL = 3


def read_gguf(path: str | Path) -> dict[str, Any]:
    """Read what a GGUF file says about its chat template, as a tokenizer configuration does.

    Args:
        path: The model file; only its header is read.

    Returns:
        `chat_template`, `bos_token`, `eos_token` and `special_tokens`, as far as they are there.

    Raises:
        TemplateError: If it is no GGUF file of a known version, or has no chat template.
    """
    values = _tokenizer(path)
    if not isinstance(values.get("tokenizer.chat_template"), str):
        raise TemplateError(f"{str(path)!r} has no chat template")
    return _configuration(values)


def read_control_tokens(path: str | Path) -> list[str]:
    """Read the control tokens of a GGUF file's vocabulary, whether or not it has a chat template.

    Args:
        path: The model file; only its header is read.

    Raises:
        TemplateError: If it is no GGUF file of a known version.
    """
    return _control_tokens(_tokenizer(path))


def read_context_length(path: str | Path) -> int | None:
    """Read for how many tokens of context a model was trained; None where its file does not say.

    Args:
        path: The model file; no more of its header is read than up to there.

    Raises:
        TemplateError: If it is no GGUF file of a known version.
    """
    return _read(path, _context_length)


def _context_length(file: BinaryIO) -> int | None:
    lengths = (value for key, value in _entries(file) if key.endswith(".context_length"))
    return next((length for length in lengths if isinstance(length, int)), None)


def _tokenizer(path: str | Path) -> dict[str, Any]:
    return _read(path, _tokenizer_of)


def _tokenizer_of(file: BinaryIO) -> dict[str, Any]:
    return {key: value for key, value in _entries(file) if key.startswith("tokenizer.")}


def _read(path: str | Path, wanted: Callable[[BinaryIO], Found]) -> Found:
    with Path(path).open("rb") as file:
        try:
            return wanted(file)
        except (struct.error, UnicodeDecodeError, MemoryError) as error:
            raise TemplateError(f"{str(path)!r} is a broken GGUF file: {error}") from error


def _control_tokens(values: dict[str, Any]) -> list[str]:
    tokens: list[str] = values.get("tokenizer.ggml.tokens", [])
    kinds: list[int] = values.get("tokenizer.ggml.token_type", [])
    return [t for t, kind in zip(tokens, kinds, strict=False) if kind == _CONTROL]


def _configuration(values: dict[str, Any]) -> dict[str, Any]:
    tokens: list[str] = values.get("tokenizer.ggml.tokens", [])
    found: dict[str, Any] = {
        "chat_template": values["tokenizer.chat_template"],
        "special_tokens": _control_tokens(values),
    }
    for name in ("bos", "eos"):
        number = values.get(f"tokenizer.ggml.{name}_token_id")
        if isinstance(number, int) and number < len(tokens):
            found[f"{name}_token"] = tokens[number]
    return found


def _entries(file: BinaryIO) -> Iterator[tuple[str, Any]]:
    magic, version, _, count = struct.unpack("<4sIQQ", file.read(24))
    if magic != b"GGUF" or version not in _VERSIONS:
        raise TemplateError(f"this is no GGUF file of version 2 or 3: {magic!r}, {version}")
    for _ in range(min(count, _MOST)):
        key = _string(file)
        yield key, _value(file, _number(file, "I"))


def _value(file: BinaryIO, kind: int) -> Any:
    if kind == _STRING:
        return _string(file)
    if kind == _ARRAY:
        return _array(file)
    if kind not in _SCALARS:
        raise TemplateError(f"the GGUF file has a value of unknown type {kind}")
    return _number(file, _SCALARS[kind])


def _array(file: BinaryIO) -> list[Any]:
    kind, count = _number(file, "I"), _number(file, "Q")
    if count > _MOST:
        raise TemplateError(f"the GGUF file has an array of {count} values")
    if kind in _SCALARS:
        form = f"<{count}{_SCALARS[kind]}"
        return list(struct.unpack(form, file.read(struct.calcsize(form))))
    return [_value(file, kind) for _ in range(count)]


def _string(file: BinaryIO) -> str:
    size = _number(file, "Q")
    if size > _LONGEST:
        raise TemplateError(f"the GGUF file has a string of {size} bytes")
    data = file.read(size)
    if len(data) < size:
        raise TemplateError("the GGUF file is cut off")
    return data.decode("utf-8")


def _number(file: BinaryIO, form: str) -> Any:
    return struct.unpack(f"<{form}", file.read(struct.calcsize(f"<{form}")))[0]
