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

    Example:
        >>> TextPart("a,b", name="table.csv").name
        'table.csv'
    """

    text: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ImagePart:
    """An image.

    Attributes:
        url: A `data:image/...;base64,...` URL, or an http(s) URL that is passed on as it is.
        name: The file's name, or None.

    Example:
        >>> from chatadapters import openai_predict
        >>> image = ImagePart("https://example.org/cat.png")
        >>> openai_predict("gpt-4o-mini").build(("What is this?", image))["messages"][0]["content"]
        [{'type': 'text', 'text': 'What is this?'}, {'type': 'image_url', ...}]
    """

    url: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class AudioPart:
    """A sound.

    Attributes:
        url: A `data:audio/...;base64,...` URL.
        name: The file's name, or None.

    Example:
        >>> AudioPart("data:audio/wav;base64,UklGRg==", name="hello.wav").name
        'hello.wav'
    """

    url: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class FilePart:
    """Any other file, such as a PDF.

    Attributes:
        url: A `data:...;base64,...` URL.
        name: The file's name, or None.

    Example:
        >>> FilePart("data:application/pdf;base64,JVBERi0=", name="paper.pdf").name
        'paper.pdf'
    """

    url: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ToolCallPart:
    """A call of a tool that the assistant asked for.

    Attributes:
        id: Its id, which the result names.
        name: The tool's name.
        arguments: The arguments as the model wrote them, JSON if it did well.

    Example:
        >>> call = ToolCallPart("call_1", "weather", '{"city": "Oslo"}')
        >>> asked = Message("assistant", (call,))
        >>> asked.content[0].name
        'weather'
    """

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolResultPart:
    """What a tool gave, in a message of role `"tool"`.

    Attributes:
        id: The id of the call.
        text: The result.
        name: The tool's name, or None.

    Example:
        >>> result = ToolResultPart("call_1", "4 degrees")
        >>> Message("tool", (result,)).content[0].text
        '4 degrees'
    """

    id: str
    text: str
    name: str | None = None


Part: TypeAlias = TextPart | ImagePart | AudioPart | FilePart | ToolCallPart | ToolResultPart
Content: TypeAlias = str | tuple[Part, ...]


class Message(NamedTuple):
    """One turn of a conversation; it equals the plain tuple `(role, content)`.

    Attributes:
        role: `"system"`, `"user"`, `"assistant"`, or `"tool"` where a backend allows it.
        content: A string, or a tuple of parts when files are among it.

    Example:
        >>> Message("user", "Hi") == ("user", "Hi")
        True
    """

    role: str
    content: Content
