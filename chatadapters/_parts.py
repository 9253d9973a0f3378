"""The values a conversation is made of: messages, and the parts of their content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias


@dataclass(frozen=True, slots=True)
class TextPart:
    """A piece of text; one that came as a file carries its name.

    Attributes:
        text: The text.
        name: The file's name, or None.
    """

    text: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ImagePart:
    """An image.

    Attributes:
        url: A `data:image/...;base64,...` URL, or an http(s) URL that is passed on as it is.
        name: The file's name, or None.
    """

    url: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class AudioPart:
    """A sound.

    Attributes:
        url: A `data:audio/...;base64,...` URL.
        name: The file's name, or None.
    """

    url: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class FilePart:
    """Any other file, such as a PDF.

    Attributes:
        url: A `data:...;base64,...` URL.
        name: The file's name, or None.
    """

    url: str
    name: str | None = None


Part: TypeAlias = TextPart | ImagePart | AudioPart | FilePart
Content: TypeAlias = str | tuple[Part, ...]


class Message(NamedTuple):
    """One turn of a conversation; it equals the plain tuple `(role, content)`.

    Attributes:
        role: `"system"`, `"user"`, `"assistant"`, or `"tool"` where a backend allows it.
        content: A string, or a tuple of parts when files are among it.
    """

    role: str
    content: Content
