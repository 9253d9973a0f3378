"""Read text the way a tokenizer's normaliser may: compatibility forms, accents, invisible marks."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# What is a line's end, a space or two letters to some normalisers, whatever NFKD says; NEL is
# dropped by others, as a vertical tab is.
_OTHERS = {
    "\x85": "\x0b",
    "\u2028": "\n",
    "\u2029": "\n",
    "\u2581": " ",
    "\xdf": "ss",
    "\u1e9e": "ss",
}
_FEW = 16


def fold(text: str) -> tuple[str, list[int]]:
    """Fold a text and say where each folded character came from.

    NFKC, StripAccents and BERT's clean-up turn a fullwidth `<` or an accented `e` inside
    `<|im_end|>` into the plain one before control tokens are looked for: they must be looked
    for in this text.

    Args:
        text: Any text.

    Returns:
        The folded text, and for each of its characters the index in `text`.
    """
    folded: list[str] = []
    origin: list[int] = []
    for index, char in enumerate(text):
        plain = char if char.isascii() else _fold_char(char)
        folded.append(plain)
        origin.extend([index] * len(plain))
    return "".join(folded), origin


def fold_fast(text: str) -> str:
    """Fold a text as `fold` does, without saying where each character came from.

    Args:
        text: Any text.

    Returns:
        The folded text.
    """
    folded = text
    for char, plain in _OTHERS.items():
        folded = folded.replace(char, plain)
    folded = unicodedata.normalize("NFKD", folded)
    gone = [char for char in set(folded) if not char.isascii() and _vanishes(char)]
    if len(gone) > _FEW:
        folded = folded.translate({ord(char): "" for char in gone})
    else:
        for char in gone:  # a few quick passes beat a dictionary look-up per character
            folded = folded.replace(char, "")
    return folded


@lru_cache(maxsize=4096)
def _fold_char(char: str) -> str:
    if char in _OTHERS:
        return _OTHERS[char]
    plain = unicodedata.normalize("NFKD", char)
    return "".join(part for part in plain if not _vanishes(part))


def _vanishes(char: str) -> bool:
    category = unicodedata.category(char)
    return category[0] in "MC" or char == "\ufffd"
