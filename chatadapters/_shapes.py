"""How the messages of every UI are read into `Message`s, each by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ._blocks import brief, get, read_content, read_files, read_parts
from ._content import joined, without_reasoning
from ._errors import HistoryError
from ._parts import Message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._files import Files
    from ._parts import Content

_ROLES = {
    "ai": "assistant",
    "aimessagechunk": "assistant",
    "assistant": "assistant",
    "assistant_message": "assistant",
    "bot": "assistant",
    "developer": "system",
    "human": "user",
    "humanmessagechunk": "user",
    "model": "assistant",
    "system": "system",
    "system_message": "system",
    "tool": "tool",
    "user": "user",
    "user_message": "user",
}

#: Where files stand beside the content: Shiny's, Chainlit's, Streamlit's and Ollama's names.
_BESIDE = ("attachments", "elements", "files", "images")
_TWO = 2
_LAST = "give its last message, and the ones before it as history"
#: Makes a `Message` in half the time that calling it takes.
_message = partial(tuple.__new__, Message)


def read_history(history: object, files: Files) -> list[Message]:
    """Read a history, entry by entry; nothing is merged, and what is empty is left out.

    Args:
        history: None, or a list or tuple of pairs, role dicts or message objects.
        files: Reads local files.

    Returns:
        The messages in their order.

    Raises:
        HistoryError: It is no list, or an entry cannot be read; the text shows it.
    """
    if history is None:
        return []
    if not isinstance(history, Sequence) or isinstance(history, (str, bytes)):
        raise HistoryError(_no_list(history))
    messages: list[Message] = []
    for index, entry in enumerate(history):
        if type(entry) is dict and len(entry) == _TWO:  # the usual entry, read at once
            role, content = entry.get("role"), entry.get("content")
            if type(content) is str and role in ("user", "assistant"):
                if role == "assistant" and "<think>" in content:
                    content = without_reasoning(content)
                if content:
                    messages.append(_message((role, content)))
                continue
        try:
            messages.extend(_read_entry(entry, files))
        except HistoryError as error:
            raise HistoryError(f"history[{index}] is {brief(entry)}: {error}") from error
    return messages


def read_message(message: object, files: Files) -> Message:
    """Read the current message.

    Args:
        message: Text, text and files, a file, a list of content blocks, or a message of the
            user's in any shape that a history can have.
        files: Reads local files.

    Returns:
        The message, which may be empty.

    Raises:
        HistoryError: It cannot be read; the text shows it.
    """
    try:
        return _read_message(message, files)
    except HistoryError as error:
        raise HistoryError(f"the message is {brief(message)}: {error}") from error


def _read_message(message: object, files: Files) -> Message:
    if message is None:
        raise HistoryError("give a text")
    if isinstance(message, str):
        return Message("user", str(message))
    if isinstance(get(message, "messages"), Sequence):
        raise HistoryError(_LAST)
    if _is_message(message):
        role = _role(message)
        if role not in ("user", "tool"):
            raise HistoryError(f"its role is {role!r}; the current message is the user's")
        return Message(role, _content(message, files))
    if isinstance(message, (list, tuple)) and any(_is_message(item) for item in message):
        raise HistoryError(f"{_LAST}; as marimo's function, wrap predict in `for_marimo`")
    return Message("user", read_content(message, files))


def _no_list(history: object) -> str:
    if isinstance(history, str):
        return (
            f"history is {brief(history)}, a string; give a list of messages or of (user, "
            "assistant) pairs, or, if it is Panel's name of the user, wrap predict in `for_panel`"
        )
    return f"history is {brief(history)}; give a list of messages or of (user, assistant) pairs"


def _read_entry(entry: object, files: Files) -> Iterator[Message]:
    # A Message is a tuple too; a plain tuple is always Gradio's pair, whatever it says.
    if isinstance(entry, (list, tuple)) and not hasattr(entry, "role"):
        if len(entry) != _TWO:
            raise HistoryError(f"a pair has a user's and an assistant's side, not {len(entry)}")
        yield from _turn("user", read_content(entry[0], files))
        yield from _turn("assistant", read_content(entry[1], files))
    elif not _is_message(entry):
        raise HistoryError(
            "expected a (user, assistant) pair, a dict with 'role' and 'content', "
            "or a message object"
        )
    else:
        role = _role(entry)
        if role != "assistant" or not _is_thinking(entry):
            yield from _turn(role, _content(entry, files))


def _turn(role: str, content: Content) -> tuple[Message, ...]:
    """Give the turn, or nothing when it has no content; what a tool gave may be empty."""
    if role == "assistant":
        content = without_reasoning(content)
    return (Message(role, content),) if content or role == "tool" else ()


def _is_message(value: object) -> bool:
    if isinstance(value, Mapping) and "role" in value:
        return True
    return _named_role(value) is not None


def _named_role(value: object) -> str | None:
    """Give the role as the entry spells it; LangChain and Chainlit call it type, Panel user."""
    role, kind = get(value, "role"), get(value, "type")
    if isinstance(role, str):
        return role
    if isinstance(kind, str) and kind.lower() in _ROLES:
        return kind
    user = get(value, "user") if hasattr(value, "object") else None
    return user if isinstance(user, str) else None


def _role(entry: object) -> str:
    named = _named_role(entry)
    role = _ROLES.get(named.lower()) if named else None
    if role is None:
        raise HistoryError(
            f"role {named!r:.80} is not known; use 'system', 'user', 'assistant' or 'tool'"
        )
    return role


def _is_thinking(entry: object) -> bool:
    """Say whether Gradio shows this entry as a thought, beside the answer."""
    title = get(get(entry, "metadata"), "title")
    return isinstance(title, str) and bool(title)


def _content(entry: object, files: Files) -> Content:
    if parts := get(entry, "parts"):  # marimo's: its content has the reasoning in it
        return read_content(parts, files)
    body = _body(entry)
    if beside := [*read_files(entry, _BESIDE, files)]:
        return joined((*beside, *read_parts(body, files)))
    return read_content(body, files)


def _body(entry: object) -> object:
    for name in ("content", "object", "tool_calls"):
        if name in entry if isinstance(entry, Mapping) else hasattr(entry, name):
            body = None if name == "tool_calls" else get(entry, name)
            said = (body, get(entry, "refusal"), get(get(entry, "audio"), "transcript"))
            return next((each for each in said if each is not None), None)  # as OpenAI's have it
    raise HistoryError("it has no content")
