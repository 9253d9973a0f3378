"""Read what a caller gives as messages: role and content, as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from chatadapters._errors import HistoryError
from chatadapters._parts import Message

# The system text, then the role and the text of each turn.
Conversation: TypeAlias = tuple[str, Sequence[str], Sequence[str]]


def read_turns(messages: Sequence[Any] | str) -> tuple[Sequence[str], Sequence[str]]:
    """Read messages into their roles and their texts.

    `Message`s and role and content dictionaries are taken as they stand, none merged and none
    dropped; any other history is read as `normalize` reads it.

    Args:
        messages: The messages, or one user's text as a string.

    Returns:
        The role of each message, and the text of each.

    Raises:
        HistoryError: For what is no message; the text shows it.
        UnsupportedContentError: For content that is more than text.
    """
    if isinstance(messages, str):
        return ("user",), (messages,)
    if not hasattr(messages, "__iter__"):
        raise HistoryError(
            f"the messages are {messages!r}: give a list of role and content dictionaries, or "
            "one text"
        )
    turns: Sequence[Any] = messages
    if set(map(type, turns)) <= {Message}:
        return roles_and_texts(turns)
    if all(map(_is_plain, turns)):
        return roles_and_texts([_pair(entry) for entry in turns])
    from chatadapters._conversation import read_conversation

    # A prompt is made from what is there: no file is read.
    return roles_and_texts(read_conversation(messages, allowed_roots=()))


def roles_and_texts(turns: Sequence[tuple[str, Any]]) -> tuple[Sequence[str], Sequence[str]]:
    """Take messages apart, at a few nanoseconds each.

    Args:
        turns: `Message`s, or pairs of role and content.

    Returns:
        As `read_turns`.

    Raises:
        UnsupportedContentError: For content that is more than text.
    """
    if not turns:
        return (), ()
    roles, contents = zip(*turns, strict=False)  # pairs: nothing to be strict about
    if set(map(type, contents)) <= {str}:
        return roles, contents
    return roles, [_text(content) for content in contents]


def with_system_apart(
    roles: Sequence[str], texts: Sequence[str], system: str | None, own: str
) -> Conversation:
    """Take the system messages that come first out of the turns, and put `system` before them.

    Args:
        roles: The role of each message.
        texts: The text of each.
        system: The system text a caller gave, if any.
        own: What counts where there is none at all.

    Returns:
        The system text, and the roles and texts of the turns.
    """
    first = 0
    while first < len(roles) and roles[first] == "system":
        first += 1
    given = list(filter(None, (system, *texts[:first])))
    if system is None and not given:
        given = [own]
    return "\n\n".join(given), roles[first:], texts[first:]


def _is_plain(entry: object) -> bool:
    """Say whether an entry needs no reading: a `Message`, or a role and a text."""
    if isinstance(entry, Mapping):
        return isinstance(entry.get("role"), str) and isinstance(entry.get("content"), str)
    return isinstance(entry, Message)


def _pair(entry: Any) -> tuple[Any, Any]:
    return entry if isinstance(entry, Message) else (entry["role"], entry["content"])


def _text(content: Any) -> str:
    from chatadapters._content import text_of

    if content is None or not hasattr(content, "__iter__"):
        raise HistoryError(f"a message's content is {content!r}: give a string or a tuple of parts")
    return text_of(content, "chat template")
