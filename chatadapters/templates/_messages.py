"""Read what a caller gives as messages: role and content, as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chatadapters._conversation import Message
from chatadapters._errors import TemplateError


def read_turns(messages: Sequence[Any] | str) -> list[tuple[str, str]]:
    """Read messages into pairs of role and text.

    Args:
        messages: `Message`s, role and content dictionaries, or one user's text as a string.

    Returns:
        The pairs, none merged and none dropped.

    Raises:
        TemplateError: For an entry that is no message; the text shows it.
        UnsupportedContentError: For content that is more than text.
    """
    if isinstance(messages, str):
        return [("user", messages)]
    turns = [entry if type(entry) is Message else _pair(entry) for entry in messages]
    return [(role, content if type(content) is str else _text(content)) for role, content in turns]


def _pair(entry: Any) -> tuple[Any, Any]:
    if isinstance(entry, Mapping) and {"role", "content"} <= entry.keys():
        return entry["role"], entry["content"]
    if isinstance(entry, tuple) and len(entry) == 2:  # noqa: PLR2004
        return entry
    raise TemplateError(
        f"{entry!r} is no message: give {{'role': ..., 'content': ...}} or a Message"
    )


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, tuple):
        from chatadapters._content import text_of

        return text_of(content, "chat template")
    raise TemplateError(f"a message's content must be text, not {content!r}")
