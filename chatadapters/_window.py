"""Fits a conversation into a window: the oldest turns go first, in whole pairs. Pure."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from ._checks import is_above
from ._errors import HistoryError, OptionError
from ._events import Trimmed
from ._parts import Message, TextPart

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._parts import Content
    from ._policies import Window

_BYTES_PER_TOKEN = 4
_PART_TOKENS = 256  # a stated guess for an image or a file; their true cost differs by model


def estimate(text: str) -> int:
    """Estimate the tokens of a text as one per four bytes of UTF-8, rounded up.

    Example:
        >>> estimate("Hello, world")
        3
    """
    return -(-len(text.encode("utf-8", "surrogatepass")) // _BYTES_PER_TOKEN)


def fit(messages: Sequence[Message], window: Window) -> tuple[list[Message], Trimmed | None]:
    """Leave out the oldest turns until the rest fits.

    Args:
        messages: A conversation as `normalize` gives it, the current message last.
        window: How much may be sent.

    Returns:
        The messages to send and, when some were left out, a `Trimmed` that says how many.

    Raises:
        HistoryError: When what must stay has more tokens than the window, unless the window
            says to truncate the last message.
        OptionError: When `window.count` gives no number.

    Example:
        >>> from chatadapters import Window
        >>> past = [Message("user", "1"), Message("assistant", "one"), Message("user", "2")]
        >>> fit(past, Window(turns=1))
        ([Message(role='user', content='2')], Trimmed(messages=2, tokens=None))
    """
    count = estimate if window.count is None else _checked(window.count)
    turns = _turns(messages)
    keep = len(turns)
    if window.turns is not None:
        keep = min(keep, max(1, window.turns))
    if window.tokens is not None:
        keep = min(keep, _fitting(messages, turns, window.tokens, count))
    gone = {index for turn in turns[: len(turns) - keep] for index in turn}
    kept = [message for index, message in enumerate(messages) if index not in gone]
    tokens = None if window.tokens is None else sum(_tokens(m.content, count) for m in kept)
    if tokens is not None and window.tokens is not None and tokens > window.tokens:
        kept, tokens = _cut_last(kept, tokens, window, count)
        return kept, Trimmed(len(gone), tokens)
    return kept, Trimmed(len(gone), tokens) if gone else None


def _checked(count: Callable[[str], int]) -> Callable[[str], int]:
    def checked(text: str) -> int:
        number = count(text)
        if not is_above(0, number, or_equal=True):
            raise OptionError(
                f"Window(count=...) gave a {type(number).__name__} for a text: give a function "
                "of a text that gives how many tokens it has, such as "
                "lambda text: len(tokenizer.encode(text))"
            )
        return number

    return checked


def _turns(messages: Sequence[Message]) -> list[list[int]]:
    """Group the indexes of what may go into turns, each beginning with a user message."""
    number = 0
    numbered: list[tuple[int, int]] = []
    for index, message in enumerate(messages):
        number += message.role == "user"
        if message.role != "system":
            numbered.append((number, index))
    return [[i for _, i in group] for _, group in groupby(numbered, key=lambda pair: pair[0])]


def _fitting(
    messages: Sequence[Message],
    turns: Sequence[Sequence[int]],
    most: int,
    count: Callable[[str], int],
) -> int:
    left = most - sum(_tokens(m.content, count) for m in messages if m.role == "system")
    kept = 0
    for turn in reversed(turns):
        left -= sum(_tokens(messages[index].content, count) for index in turn)
        if left < 0:
            break
        kept += 1
    return max(1, kept)


def _tokens(content: Content, count: Callable[[str], int]) -> int:
    if isinstance(content, str):
        return count(content)
    return sum(count(p.text) if isinstance(p, TextPart) else _PART_TOKENS for p in content)


def _cut_last(
    messages: list[Message], tokens: int, window: Window, count: Callable[[str], int]
) -> tuple[list[Message], int]:
    last = messages[-1]
    others = tokens - _tokens(last.content, count)
    most = (window.tokens or 0) - others
    if window.too_long != "truncate" or most < 1 or not isinstance(last.content, str):
        raise HistoryError(
            f"the last message and the system text have {tokens} tokens, the window has "
            f"{window.tokens}: shorten them, raise Window(tokens=...), or set "
            'Window(too_long="truncate")'
        )
    text = last.content[: _longest(last.content, most, count)]
    return [*messages[:-1], Message(last.role, text)], others + count(text)


def _longest(text: str, most: int, count: Callable[[str], int]) -> int:
    """Find by bisection how many characters of a text have at most so many tokens."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count(text[:middle]) <= most else (low, middle - 1)
    return low
