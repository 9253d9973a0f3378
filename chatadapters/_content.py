"""What is done with a message's content: joined, flattened to text, freed of reasoning."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from ._errors import UnsupportedContentError
from ._parts import Content, Part, TextPart

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_TOOLS = {"ToolCall": "tool call", "ToolResult": "tool result"}
# One that was stopped while thinking never closes its block: all of it is reasoning.
_REASONING = re.compile(r"\s*<think>.*?(?:</think>(?:[^\S\n]*\n)*|\Z)", re.DOTALL)


def parts_of(content: Content) -> tuple[Part, ...]:
    """Give a content as parts; an empty text has none."""
    if isinstance(content, str):
        return (TextPart(content),) if content else ()
    return content


def joined(parts: Iterable[Part]) -> Content:
    """Make a content of parts.

    Neighbouring texts become one, with a blank line between them; files, text files included,
    stay parts of their own.

    Returns:
        A string when no file is among the parts, else a tuple of parts.
    """
    whole: list[Part] = []
    texts: list[str] = []
    for part in parts:
        if isinstance(part, TextPart) and part.name is None:
            if part.text:
                texts.append(part.text)
            continue
        if texts:
            whole.append(TextPart("\n\n".join(texts)))
            texts = []
        whole.append(part)
    if not whole:
        return "\n\n".join(texts)
    if texts:
        whole.append(TextPart("\n\n".join(texts)))
    return tuple(whole)


def joined_contents(contents: Sequence[Content]) -> Content:
    """Make one content of several, with a blank line between texts."""
    if len(contents) == 1:
        return contents[0]
    return joined(part for content in contents for part in parts_of(content))


def without_reasoning(content: Content) -> Content:
    """Strip the `<think>...</think>` block that an assistant's text begins with.

    Only a leading block is taken away: a text that talks about `<think>` stays whole.
    """
    if isinstance(content, str):
        found = _REASONING.match(content)
        return content[found.end() :] if found else content
    first = content[0] if content else None
    if isinstance(first, TextPart) and first.name is None and _REASONING.match(first.text):
        return joined((TextPart(str(without_reasoning(first.text))), *content[1:]))
    return content


def text_of(content: Content, backend: str | None = None) -> str:
    """Flatten a content to the text that a backend without files can take.

    A text file is shown as its name and a fenced block; parts are a blank line apart.

    Args:
        content: A message's content.
        backend: The backend's name, for the error.

    Returns:
        The text.

    Raises:
        UnsupportedContentError: A part is no text.

    Example:
        >>> from chatadapters import TextPart
        >>> print(text_of((TextPart("a note", name="note.txt"), TextPart("Sum it up."))))
        note.txt:
        ```
        a note
        ```
        <BLANKLINE>
        Sum it up.
    """
    if isinstance(content, str):
        return content
    return "\n\n".join(_text_of_part(part, backend) for part in content)


def repaired(text: str) -> str:
    r"""Make valid Unicode of a text: surrogates that are a pair join, others become U+FFFD.

    JavaScript cuts strings between the two, and no request can carry them.

    Example:
        >>> repaired("\ud83d\ude00 and \ud83d")
        '😀 and \ufffd'
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def repaired_content(content: Content) -> Content:
    """Make valid Unicode of a content's text, and of what its parts are called."""
    if isinstance(content, str):
        return repaired(content)
    return tuple(map(_repaired_part, content))


def _repaired_part(part: Part) -> Part:
    given = {item.name: getattr(part, item.name) for item in fields(part)}
    changed: dict[str, Any] = {
        name: repaired(value) for name, value in given.items() if isinstance(value, str)
    }
    return part if given.items() >= changed.items() else replace(part, **changed)


def unsupported(part: Part, why: str) -> UnsupportedContentError:
    """Give the error for a part, in words for who sent it too."""
    kind = type(part).__name__.removesuffix("Part")
    shown = f"the {_TOOLS.get(kind, kind.lower())}" + (f" {part.name!r}" if part.name else "")
    cure = "" if kind in _TOOLS else "; remove the file or start a new chat"
    return UnsupportedContentError(f"{shown} {why}{cure}")


def _text_of_part(part: Part, backend: str | None) -> str:
    if not isinstance(part, TextPart):
        where = f"backend {backend!r}" if backend else "a backend that takes text only"
        raise unsupported(part, f"cannot be sent to {where}: it takes text only")
    if part.name is None:
        return part.text
    fence = _fence(part.text)
    return "\n".join((f"{part.name}:", fence, part.text.removesuffix("\n"), fence))


def _fence(text: str) -> str:
    """Give a fence longer than any in the text, so that the text cannot end its block."""
    longest = max((len(run) for run in re.findall("`{3,}", text)), default=2)
    return "`" * (longest + 1)
