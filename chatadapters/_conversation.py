"""The one conversation shape, and the way into it from whatever a chat UI hands over."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter, ne

from ._content import joined_contents, parts_of, repaired_content
from ._errors import OptionError
from ._files import Files, Roots
from ._parts import Message, TextPart
from ._shapes import read_history, read_message


def normalize(
    message: object,
    history: object = None,
    *,
    system: str | None = None,
    allowed_roots: Roots = None,
) -> list[Message]:
    """Read what a chat UI hands over into one list of messages.

    Consecutive turns of one role are merged with a blank line between them. What only the UI
    needs is not sent: thoughts, options, unknown keys, empty turns, and a copy of the current
    message at the end of the history. An assistant's leading `<think>...</think>` is stripped.
    Halves of characters are joined, or become U+FFFD where the other half is missing.

    Args:
        message: The current message: a string, `{"text", "files"}`, a message object of any
            chat UI or of LangChain, content blocks, or a file. It is always the last one of
            the result, also when it is empty.
        history: The turns before it: (user, assistant) pairs, role and content dicts, message
            objects of any chat UI or of LangChain, `Message`s, or None. A plain tuple of two
            is always a pair.
        system: The system text, which comes first; a system message that the history begins
            with follows it in the same message, unless it is the same text.
        allowed_roots: The folders from which handed-over files may be read. None: a path given
            as a string is read only from where UIs keep uploads (the system's temporary
            folder, `GRADIO_TEMP_DIR`, Chainlit's `.files`), because it may come from the
            browser; a `pathlib.Path` is your own and is read from anywhere. `()` reads no
            local file at all: right where histories come over HTTP as JSON.

    Returns:
        The messages, in a new list; the caller's objects are neither changed nor kept.

    Raises:
        HistoryError: Something cannot be read; the text shows it and says where it stands.

    Example:
        >>> normalize("And you?", [["Hi", "Hello!"]], system="Be brief.")
        [Message(role='system', content='Be brief.'), Message(role='user', content='Hi'), \
Message(role='assistant', content='Hello!'), Message(role='user', content='And you?')]
    """
    files = Files(allowed_roots)
    current = read_message(message, files)
    turns = read_history(history, files)
    if turns and (kept := _fuller_copy(turns[-1], current)):
        turns[-1] = kept
    else:
        turns.append(current)
    return _valid(_with_system(_merged(turns), system))


def read_conversation(
    messages: object, *, system: str | None = None, allowed_roots: Roots = None
) -> list[Message]:
    """Read a whole conversation that has no separate current message.

    Args:
        messages: As `history` of `normalize`.
        system: As in `normalize`.
        allowed_roots: As in `normalize`.

    Returns:
        The messages, in a new list.

    Raises:
        HistoryError: Something cannot be read; the text shows it and says where it stands.

    Example:
        >>> read_conversation([{"role": "user", "content": "Hi"}])
        [Message(role='user', content='Hi')]
    """
    turns = read_history(messages, Files(allowed_roots))
    return _valid(_with_system(_merged(turns), system))


def _valid(messages: list[Message]) -> list[Message]:
    """Repair what is no valid Unicode."""
    return [
        message
        if type(content := message[1]) is str and content.isascii()
        else Message(message[0], repaired_content(content))
        for message in messages
    ]


def _fuller_copy(last: Message, current: Message) -> Message | None:
    """Give the current message when the history ends with a copy of it, else None.

    Chainlit's copy has lost the files, and with Shiny it is the message that has none: of two
    that differ in this alone, the one with the files is kept.
    """
    if last == current:
        return current
    texts_only = isinstance(last.content, str), isinstance(current.content, str)
    if last.role != current.role or all(texts_only) or not any(texts_only):
        return None
    if _plain_text(last) != _plain_text(current):
        return None
    return current if texts_only[0] else last


def _plain_text(message: Message) -> str:
    texts = (p.text for p in parts_of(message.content) if isinstance(p, TextPart) and not p.name)
    return "\n\n".join(texts)


def _merged(turns: list[Message]) -> list[Message]:
    """Merge consecutive turns of one role; results of tools stay apart."""
    roles = [turn[0] for turn in turns]
    if all(map(ne, roles, roles[1:])):
        return turns
    merged: list[Message] = []
    for role, run in groupby(turns, key=itemgetter(0)):
        if role == "tool":
            merged.extend(run)
        else:
            merged.append(Message(role, joined_contents([turn.content for turn in run])))
    return merged


def _with_system(messages: list[Message], system: object) -> list[Message]:
    if system is None or system == "":
        return messages
    if not isinstance(system, str):
        raise OptionError(f"system={system!r}: give a string")
    if not messages or messages[0].role != "system":
        return [Message("system", system), *messages]
    first = messages[0]
    if f"{_plain_text(first)}\n\n".startswith(f"{system}\n\n"):
        return messages
    return [Message("system", joined_contents((system, first.content))), *messages[1:]]
