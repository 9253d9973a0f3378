"""Read what a caller gives as messages: role and content, as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chatadapters._parts import Message


def read_turns(messages: Sequence[Any] | str) -> list[tuple[str, str]]:
    """Read messages into pairs of role and text.

    `Message`s and role and content dictionaries are taken as they stand, none merged and none
    dropped; any other history is read as `normalize` reads it.

    Args:
        messages: The messages, or one user's text as a string.

    Returns:
        The pairs.

    Raises:
        HistoryError: For what is no message; the text shows it.
        UnsupportedContentError: For content that is more than text.
    """
    if isinstance(messages, str):
        return [("user", messages)]
    turns: list[Any]
    if set(map(type, messages)) <= {Message}:
        turns = list(messages)
    elif all(map(_is_plain, messages)):
        turns = [_pair(entry) for entry in messages]
    else:
        from chatadapters._conversation import read_conversation

        # A prompt is made from what is there: no file is read.
        turns = list(read_conversation(messages, allowed_roots=()))
    if {type(text) for _, text in turns} <= {str}:
        return turns
    return [(role, _text(content)) for role, content in turns]


def _is_plain(entry: object) -> bool:
    """Say whether an entry needs no reading: a `Message`, or a role and a text."""
    if isinstance(entry, Mapping):
        return isinstance(entry.get("role"), str) and isinstance(entry.get("content"), str)
    return isinstance(entry, Message)


def _pair(entry: Any) -> tuple[Any, Any]:
    return entry if isinstance(entry, Message) else (entry["role"], entry["content"])


def _text(content: Any) -> str:
    from chatadapters._content import text_of

    return text_of(content, "chat template")
