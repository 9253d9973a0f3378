"""How control tokens and role labels are looked for: exactly in one text, quickly in many."""

# ruff: noqa: RUF001 - characters that a normaliser takes for others are what this is about

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ._fold import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Control characters that a tokenizer's clean-up may drop from inside a token.
_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f"
_DROPPED = f"[{_CONTROLS}]*"
_INDENT = f"[ \t{_CONTROLS}]*"
# Those of the dropped characters that may also be read as the end of a line.
LINE_CONTROLS = "\x0b\x0c\x1c\x1d\x1e"
# One place for each run of white space, and one way to read it: else much of it takes for ever.
_LINE_START = (
    f"(?<![ \t{_CONTROLS}])"
    f"(?:(?<![^\n\r]){_INDENT}|[ \t\x00-\x08\x0e-\x1b\x1f\x7f]*[{LINE_CONTROLS}]{_INDENT})"
)
# What is seldom in a text, the most seldom first, and all that a normaliser turns into it.
LOOKALIKES = {
    "|": "|｜",
    "[": "[［﹇",
    "]": "]］﹈",
    "#": "#＃﹟",
    "<": "<＜﹤≮",
    ">": ">＞﹥≯",
    "_": "_＿︳︴﹍﹎﹏",
    ":": ":：︓﹕⩴",
}


class Search(NamedTuple):
    """Looks for some tokens or labels in folded text.

    Attributes:
        needs: Characters that all of them have; in text that is not folded yet, a lookalike
            may stand for each.
        find: Gives a match or None.
    """

    needs: str
    find: Callable[[str], object]

    def may_find(self, text: str) -> bool:
        """Say whether a text, not folded yet, has what is needed: a few passes of `memchr`."""
        if text.isascii():
            return all(map(text.__contains__, self.needs))
        return all(any(map(text.__contains__, LOOKALIKES[char])) for char in self.needs)


def folded(strings: Iterable[str]) -> list[str]:
    """Fold strings, the longest first."""
    return sorted({fold(string)[0] for string in strings} - {""}, key=lambda s: (-len(s), s))


def exact(
    tokens: list[str], line: list[str], word: list[str], starts: list[str], ends: list[str]
) -> re.Pattern[str]:
    """Compile the pattern whose matches must not stand in a text.

    Args:
        tokens: Folded control tokens, found anywhere.
        line: Folded labels, found at the start of a line; the match is group 1.
        word: Folded labels, found wherever a word may start.
        starts: Characters that must not begin a text; the match is empty.
        ends: What must not end a text.

    Returns:
        The pattern, for folded text.
    """
    found = [f"(?i:{_spread(token)})" for token in tokens]
    found += [rf"(?<!\w){_spread(label)}" for label in word]
    if line:
        found.append(f"{_LINE_START}({'|'.join(map(_spread, line))})")
    found += [f"(?i:\\A(?={_DROPPED}{re.escape(char)}))" for char in starts]
    found += [f"(?i:{_spread(end)}{'' if end[-1] == ' ' else _DROPPED}\\Z)" for end in ends]
    return re.compile("|".join(found))


def searches(tokens: list[str], line: list[str], word: list[str]) -> tuple[Search, ...]:
    """Compile searches that each begin with a literal, which `re` looks for at full speed.

    Args:
        tokens: As in `exact`.
        line: As there.
        word: As there.

    Returns:
        The searches, for folded text in which only newlines end lines.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for token in tokens:
        groups.setdefault((token[0].lower(), _needs([token])[:1]), []).append(token.lower())
    made = [Search(_needs(group), _compiled(f"(?i:{_group(group)})")) for group in groups.values()]
    made += [Search(_needs([label]), _compiled(_spread(label))) for label in word]
    if line:
        pattern = f"\n{_INDENT}(?:{'|'.join(map(_spread, line))})"
        made.append(Search(_needs(line), _compiled(pattern)))
    return tuple(made)


def _needs(strings: list[str]) -> str:
    shared = set(strings[0]).intersection(*strings)
    return "".join(char for char in LOOKALIKES if char in shared)


def _compiled(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern).search


def _spread(string: str) -> str:
    """Write a string as a pattern: white space may be more, less or of another kind."""
    words = (_DROPPED.join(map(re.escape, word)) for word in re.split(" +", string))
    return rf"[\s{_CONTROLS}]*".join(words)


def _group(tokens: list[str]) -> str:
    """Write what tokens have in common once: most `<` in a text are told from it alone."""
    first, last = min(tokens), max(tokens)
    same = (size for size in range(len(first), 0, -1) if last.startswith(first[:size]))
    common = first[: next(same)].rstrip(" ")
    rest = [token[len(common) :] for token in tokens]
    ends = [_spread(end) if end[:1] == " " else _DROPPED + _spread(end) for end in rest]
    return f"{_spread(common)}(?:{'|'.join(ends)})"
