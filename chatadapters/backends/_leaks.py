"""Takes away the control tokens that some servers leave at the end of an answer."""

from __future__ import annotations

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
_LONGEST = max(map(len, _TOKENS))
_MOST_RUNS = 1000  # of different tokens; beyond, they are shown after all


class LeakFilter:
    """Drops control tokens at the very end of a text and nowhere else.

    So a text that talks about such tokens stays whole, unless it ends with one. Text is held
    back only while it may be such a token, or while nothing but such tokens follows.

    Example:
        >>> leaks = LeakFilter()
        >>> leaks.feed("ChatML has <|im_end|>, see?<|im"), leaks.feed("_end|>"), leaks.flush()
        ('ChatML has <|im_end|>, see?', '', '')
    """

    __slots__ = ("_part", "_run")

    def __init__(self) -> None:
        self._run: list[tuple[str, int]] = []  # whole tokens, and how often each comes in a row
        self._part = ""  # the beginning of another one behind them

    def feed(self, text: str) -> str:
        """Take new text and give what is surely no leak."""
        if not (self._run or self._part) and "<" not in text[-_LONGEST:]:
            return text
        text = self._part + text
        end = _whole(text)
        self._part = text[end:]
        tokens = _tokens_before(text, end)
        shown = text[: end - sum(map(len, tokens))]
        if shown:
            shown = self._released() + shown
        self._count(tokens)
        return shown if len(self._run) <= _MOST_RUNS else shown + self._released()

    def flush(self) -> str:
        """Give the text that is held back, unless it is leaked, when the text has ended."""
        held, part = self._released(), self._part
        self._part = ""
        return held + part if part else ""

    def _count(self, tokens: list[str]) -> None:
        for token in tokens:
            if self._run and self._run[-1][0] == token:
                self._run[-1] = token, self._run[-1][1] + 1
            else:
                self._run.append((token, 1))

    def _released(self) -> str:
        held = "".join(token * count for token, count in self._run)
        self._run.clear()
        return held


def _whole(text: str) -> int:
    """Give where the beginning of a token is at the end, or else the text's length."""
    at = text.rfind("<", max(0, len(text) - _LONGEST))
    last = text[at:]
    begun = at >= 0 and any(token.startswith(last) and token != last for token in _TOKENS)
    return at if begun else len(text)


def _tokens_before(text: str, end: int) -> list[str]:
    """Give the tokens that come one after the other right before a place, in their order."""
    found: list[str] = []
    while text.endswith(_TOKENS, 0, end):
        found.append(next(token for token in _TOKENS if text.endswith(token, 0, end)))
        end -= len(found[-1])
    return found[::-1]
