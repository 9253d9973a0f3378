"""Takes away the control tokens that some servers leave at the end of an answer."""

from __future__ import annotations

import re
from functools import cache

_TOKENS = (
    "</s>",
    "<end_of_turn>",
    "<|END_OF_TURN_TOKEN|>",
    "<|assistant|>",
    "<|end_of_text|>",
    "<|end|>",
    "<|endoftext|>",
    "<|eom_id|>",
    "<|eot_id|>",
    "<|im_end|>",
    "<|im_start|>",
    "<|return|>",
    "<|user|>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>",
)
_TAIL = 128  # characters at the end that are looked at


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Give what matches tokens, and what matches a text's end that may be some."""
    beginnings = {token[:size] for token in _TOKENS for size in range(1, len(token))}
    longest_first = sorted(map(re.escape, beginnings), key=len, reverse=True)
    tokens = "(?:" + "|".join(map(re.escape, _TOKENS)) + ")"
    return (
        re.compile(f"{tokens}+"),
        re.compile(f"{tokens}*(?:" + "|".join(longest_first) + r")?\Z"),
    )


class LeakFilter:
    """Drops control tokens at the very end of a text and nowhere else.

    So a text that talks about such tokens stays whole, unless it ends with one. Text is held
    back only while it may be such a token.

    Example:
        >>> leaks = LeakFilter()
        >>> leaks.feed("ChatML has <|im_end|>, see?<|im"), leaks.feed("_end|>"), leaks.flush()
        ('ChatML has <|im_end|>, see?', '', '')
    """

    def __init__(self) -> None:
        self._leaked, self._maybe_leaked = _patterns()
        self._held = ""

    def feed(self, text: str) -> str:
        """Take new text and give what is surely no leak."""
        if not self._held and "<" not in text[-_TAIL:]:
            return text
        text = self._held + text
        found = self._maybe_leaked.search(text, max(0, len(text) - _TAIL))
        at = found.start() if found else len(text)
        self._held = text[at:]
        return text[:at]

    def flush(self) -> str:
        """Give the text that is held back, unless it is leaked, when the text has ended."""
        held, self._held = self._held, ""
        return "" if self._leaked.fullmatch(held) else held
