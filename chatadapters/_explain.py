"""What became of an answer, in one line for the person who chats."""

from __future__ import annotations

from ._errors import ChatAdaptersError

_EARLY = {
    "audio": "the model spoke without a transcript, and this chat plays no sound",
    "images": "the model made images, which this chat does not show",
    "length": "cut at the length limit",
    "content_filter": "cut by the provider's content filter",
    "tool_calls": "the model asks for a tool, which this chat does not have",
}
# Bytes a provider may send that would move a terminal's cursor, retitle its window or worse.
_CONTROL = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
_LONGEST = 600  # characters; some servers answer with a whole page


def explain(error: BaseException) -> str:
    """Give an error as a short text.

    Args:
        error: What a reply failed with.

    Returns:
        Its message, or its type and message, without control characters.

    Example:
        >>> explain(ZeroDivisionError("division by zero"))
        'ZeroDivisionError: division by zero'
    """
    text = printable(str(error))[:_LONGEST]
    if isinstance(error, ChatAdaptersError) and text:
        return text
    return f"{type(error).__name__}: {text}".rstrip(": ")


def early(reason: str) -> str:
    """Say why an answer ended before it was complete; give `""` for one that is complete.

    Args:
        reason: As in `Finish`.

    Example:
        >>> early("length")
        'cut at the length limit'
    """
    return "" if reason == "stop" else _EARLY.get(reason, f"ended early: {reason}")


def printable(text: str) -> str:
    r"""Take the control characters out of a text, line breaks and tabs excepted.

    Example:
        >>> printable("a\x1b[2Jb")
        'a[2Jb'
    """
    return text.translate(_CONTROL)
