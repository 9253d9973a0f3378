"""How content is read: text, content blocks and files of every UI, into parts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from ._content import joined
from ._errors import HistoryError
from ._media import part_from_base64, part_from_bytes, part_from_url
from ._parts import (
    AudioPart,
    FilePart,
    ImagePart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._files import Files
    from ._parts import Content, Part

_LONGEST_REPR = 300
_PARTS = (TextPart, ImagePart, AudioPart, FilePart, ToolCallPart, ToolResultPart)
_SCHEMES: Final[dict[type, tuple[str, ...]]] = {
    ImagePart: ("data:", "http:", "https:"),
    AudioPart: ("data:",),
    FilePart: ("data:",),
}

# Blocks that are the model's thinking, or only mark a place in the UI.
_UNSENT = frozenset(
    {
        "data-reasoning-signature",
        "reasoning",
        "redacted_thinking",
        "step-start",
        "thinking",
    }
)

# Where blocks keep what they hold: the first that is set counts.
_INSIDE = ("file", "image_url", "input_audio", "source", "image", "video")
_TEXTS = ("text", "refusal")
_NAMES = ("orig_name", "filename", "name")
_TYPES = ("mime_type", "media_type", "mediaType", "mime", "content_type")
_URLS = ("data_url", "url", "file_url", "file_data")
_BASE64 = ("base64", "data", "file_data")


def get(value: object, name: str) -> object:
    """Give a mapping's item or an object's attribute, None when there is none."""
    if isinstance(value, (dict, Mapping)):  # a dict is asked for first: it is quicker
        return value.get(name)
    return getattr(value, name, None)


def brief(value: object) -> str:
    """Show a value in an error, at a bounded length."""
    try:
        shown = repr(value)
    except RecursionError:
        shown = f"a deeply nested {type(value).__name__}"
    return shown if len(shown) <= _LONGEST_REPR else shown[:_LONGEST_REPR] + "..."


def read_content(value: object, files: Files) -> Content:
    """Read a message's content.

    Args:
        value: Text, None, a block, a file, a Gradio file tuple, or a list of these.
        files: Reads local files.

    Returns:
        A string, or a tuple of parts when files are among it.

    Raises:
        HistoryError: Something in it cannot be read.
    """
    return str(value) if isinstance(value, str) else joined(read_parts(value, files))


def read_parts(value: object, files: Files) -> Iterator[Part]:
    """Read a content, or a list of files, into its parts.

    Args:
        value: As in `read_content`.
        files: Reads local files.

    Yields:
        The parts, in order.

    Raises:
        HistoryError: Something in it cannot be read.
    """
    if isinstance(value, (list, tuple)) and not _is_file_tuple(value):
        for item in value:
            yield from _item(item, files)
    else:
        yield from _item(value, files)


def read_files(value: object, names: Iterable[str], files: Files) -> Iterator[Part]:
    """Read the files that stand beside a text.

    Args:
        value: What has them.
        names: Under which names.
        files: Reads local files.

    Yields:
        The files, in order.

    Raises:
        HistoryError: One of them cannot be read.
    """
    for name in names:
        found = get(value, name)
        if isinstance(found, (int, float)):
            continue  # how many there are, or whether
        for item in found if isinstance(found, (list, tuple)) else [found]:
            if isinstance(item, (str, Mapping)) and not item:
                continue  # as forms and databases have it where there is none
            if not isinstance(item, str):
                yield from _item(item, files)
            elif name == "images":
                yield _image(item, files)
            else:
                yield files.part(item)


def _image(value: str, files: Files) -> Part:
    """Read an image as Ollama has it: in base64, which has neither dots nor colons, or a path."""
    if "." in value or ":" in value:
        image = files.part(value, mime="image/*")
    else:
        image = part_from_base64(value, mime="image/*")
    if not isinstance(image, ImagePart):
        raise HistoryError(f"{brief(value)} among its images is no image")
    return image


def _item(value: object, files: Files) -> Iterator[Part]:
    """Read one item of a content."""
    if value is None:
        return
    if isinstance(value, str):
        yield TextPart(str(value))
    elif isinstance(value, _PARTS):
        _check_url(value)
        yield value
    elif isinstance(value, os.PathLike):
        yield files.part(value)
    elif isinstance(value, tuple) and _is_file_tuple(value):
        yield files.part(value[0])
    elif (data := _bytes_of(value)) is not None:
        yield part_from_bytes(data, _first(value, _NAMES), _first(value, ("type", *_TYPES)))
    else:
        yield from _block(value, files)


def _check_url(part: Part) -> None:
    """Refuse a part that was made with a path, which no provider can read."""
    schemes = _SCHEMES.get(type(part))
    url = getattr(part, "url", None)
    if schemes and not (isinstance(url, str) and url[:6].lower().startswith(schemes)):
        raise HistoryError(
            f"url={brief(url)}: give a {'... or '.join(schemes)}... URL, or the file itself as a "
            "pathlib.Path"
        )


def _is_file_tuple(value: object) -> bool:
    """Say whether this is Gradio's `(path,)` or `(path, alt text)`."""
    if not isinstance(value, tuple) or len(value) not in (1, 2):
        return False
    path, alt = value[0], value[-1]
    return isinstance(path, (str, os.PathLike)) and (
        len(value) == 1 or alt is None or isinstance(alt, str)
    )


def _bytes_of(value: object) -> bytes | None:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    # Reading a file object would move its position, which is the caller's.
    getvalue = getattr(value, "getvalue", None)
    data = getvalue() if callable(getvalue) else None
    return data if isinstance(data, bytes) else None


def _block(value: object, files: Files) -> Iterator[Part]:
    kind = get(value, "type")
    if isinstance(kind, str) and kind in _UNSENT:
        return
    if kind == "component" or _is_component(value):
        yield from _component(get(value, "value"), files)
    elif _holds_text(value):
        yield from _text_and_files(value, files)
    else:
        yield _file(value, files)


def _is_component(value: object) -> bool:
    return not isinstance(value, Mapping) and hasattr(value, "get_block_name")


def _component(shown: object, files: Files) -> Iterator[Part]:
    """Read what a Gradio component shows: text, a file or several."""
    for item in shown if isinstance(shown, list) else [shown]:
        yield from _item(item, files)


def _holds_text(value: object) -> bool:
    if any(isinstance(get(value, name), str) for name in _TEXTS):
        return True
    if not isinstance(value, Mapping) or "files" not in value or value.get("text") is not None:
        return False
    return "text" in value or bool(value["files"])  # else its text is under another name


def _text_and_files(value: object, files: Files) -> Iterator[Part]:
    """Read `{"text", "files"}`, in the order in which Gradio's history has them."""
    yield from read_files(value, ("files", "images", "audio"), files)
    yield TextPart(_first(value, _TEXTS) or "")


def _file(value: object, files: Files) -> Part:
    inside = next((got for key in _INSIDE if (got := get(value, key)) is not None), value)
    name = _first(inside, _NAMES) or _first(value, _NAMES)
    mime = _first(inside, _TYPES) or _first(value, _TYPES) or _implied_type(value, inside)
    if isinstance(inside, str):
        return part_from_url(inside, name, mime)
    path = get(inside, "path")
    if isinstance(path, (str, os.PathLike)) and path:
        return files.part(path, name, mime)
    held = _held(inside, name, mime)
    if held is None:
        raise HistoryError(f"{brief(value)} is neither text nor a file that can be read")
    return held


def _held(value: object, name: str | None, mime: str | None) -> Part | None:
    """Read a file that a block holds itself, as a URL, as base64 or as bytes."""
    url = _first(value, _URLS)
    if url and ":" in url[:8]:
        return part_from_url(url, name, mime)
    data = _first(value, _BASE64)
    if data:
        return part_from_base64(data, name, mime)
    content = get(value, "content")
    if isinstance(content, str) and not isinstance(value, Mapping):
        return TextPart(content, name)
    held = _bytes_of(content)  # ipywidgets gives a memoryview
    return None if held is None else part_from_bytes(held, name, mime)


def _implied_type(value: object, inside: object) -> str | None:
    sound = get(inside, "format")
    if get(value, "input_audio") is not None and isinstance(sound, str):
        return {"mp3": "audio/mpeg"}.get(sound, f"audio/{sound}")
    shows_image = get(value, "image_url") is not None or get(value, "type") == "image"
    return "image/*" if shows_image else None


def _first(value: object, names: Iterable[str]) -> str | None:
    found = (get(value, name) for name in names)
    return next((str(item) for item in found if isinstance(item, str) and item), None)
