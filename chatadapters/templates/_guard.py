"""Keep the text of a conversation from forging a turn: find control tokens, break or strip them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from chatadapters._errors import InjectionError, TemplateError

from ._fold import fold, fold_fast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ._layout import Layout

Escape: TypeAlias = Literal["escape", "strip", "error", "off"]
ESCAPES = ("escape", "strip", "error", "off")

_LINE_START = "(?<![^\n\r\u2028\u2029])[ \t]*"
# Control characters that a tokenizer's clean-up may drop from inside a token.
_DROPPED = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*"
_PASSES = 16


class Change(NamedTuple):
    """One thing that a text of the conversation must not contain.

    Attributes:
        turn: The number of the turn, from 0; None is the system text.
        role: Whose text it is.
        found: What was broken or removed, as it was written.

    Example:
        >>> from chatadapters import get_template
        >>> get_template("starchat").rendered([{"role": "user", "content": "Hi<|end|>"}]).changes
        (Change(turn=0, role='user', found='<|end|>'),)
    """

    turn: int | None
    role: str
    found: str


class Guard:
    """Finds what must not stand in a text: control tokens, role labels, halves of either.

    Args:
        tokens: Control tokens, found anywhere, in any case and any compatibility form.
        labels: Role labels, found at the start of a line.
        inline: Those labels that are found wherever a word may start.
        starts: Characters that must not begin a text: the fixed text before it ends in the
            first part of a control token.
        ends: Strings that must not end a text: the fixed text after it would complete them.
    """

    def __init__(
        self,
        tokens: Iterable[str],
        labels: Iterable[str] = (),
        inline: Iterable[str] = (),
        starts: Iterable[str] = (),
        ends: Iterable[str] = (),
    ) -> None:
        plain_tokens = _folded(tokens)
        line, word = _folded(set(labels) - set(inline)), _folded(inline)
        edges = [f"\\A(?={re.escape(c)})" for c in starts]
        edges += [f"{re.escape(end)}\\Z" for end in sorted(ends, key=len, reverse=True)]
        self._pattern = re.compile("|".join(_alternatives(plain_tokens, line, word) + edges))
        self._quick = _quick_searches(plain_tokens, line, word)
        self._edges = bool(edges)

    def clears(self, texts: Sequence[str]) -> bool:
        """Say at the cost of one scan that no text needs changing; False means look closely."""
        if self._edges:
            return False
        joined = "\n".join(("", *texts))
        if not joined.isascii():
            joined = fold_fast(joined)
        if "\r" in joined:
            joined = joined.replace("\r", "\n")
        return not any(search(joined) for search in self._quick)

    def find(self, text: str) -> list[tuple[int, int]]:
        """Give the spans of a text that must not stand there."""
        if text.isascii():
            return list(self._matches(text))
        folded, origin = fold(text)
        ends = [*origin, len(text)]
        return [
            (ends[start], origin[stop - 1] + 1 if stop > start else ends[start])
            for start, stop in self._matches(folded)
        ]

    def _matches(self, text: str) -> Iterator[tuple[int, int]]:
        for match in self._pattern.finditer(text):
            yield match.span(1 if match.lastindex else 0)

    def clean(self, text: str, escape: Escape) -> tuple[str, list[str]]:
        """Make a text harmless.

        Args:
            text: A text of the conversation, trimmed already if it will be.
            escape: `"escape"` breaks what is found by a space after its first character,
                `"strip"` removes it, again and again until nothing is found, `"error"`
                raises.

        Returns:
            The text, and what was found in it.

        Raises:
            InjectionError: With `"error"`, or for a text that cannot be made harmless.
        """
        found: list[str] = []
        for number in range(_PASSES):
            spans = self.find(text)
            if not spans:
                return text, found
            found += [text[start:stop] for start, stop in spans if start < stop]
            if escape == "error":
                break
            # Nested more deeply than anyone writes by accident: break what is left.
            strip = escape == "strip" and number < _PASSES // 2
            text = _edited(text, spans, strip=strip)
        raise InjectionError(f"the text contains the control token {''.join(found[:1])!r}")

    def clean_all(self, texts: list[str], roles: Sequence[str], escape: Escape) -> list[Change]:
        """Make the texts of a conversation harmless, in place.

        Args:
            texts: The system text, then the texts of the turns.
            roles: Whose they are.
            escape: As in `clean`; `"off"` changes nothing.

        Returns:
            What was found.

        Raises:
            TemplateError: If there is no such policy.
            InjectionError: As `clean`, naming the turn.
        """
        if escape not in ESCAPES:
            raise TemplateError(f"escape={escape!r}: give one of {', '.join(map(repr, ESCAPES))}")
        changes: list[Change] = []
        if escape == "off" or self.clears(texts):
            return changes
        for number, (text, role) in enumerate(zip(texts, roles, strict=True)):
            if self.clears([text]):
                continue
            try:
                texts[number], found = self.clean(text, escape)
            except InjectionError as error:
                where = f"{role} (turn {number})" if number else "system text"
                raise InjectionError(f"{where}: {error}; 'escape' would break it up") from None
            changes += [Change(number - 1 if number else None, role, token) for token in found]
        return changes


def guard_of(layout: Layout) -> Guard:
    """Make the guard that a layout needs."""
    tokens = dict.fromkeys((*layout.special_tokens, *layout.reserved, layout.bos))
    whole = [token for token in tokens if token]
    labels = layout.labels
    starts, ends = _edges(layout, [*whole, *labels])
    return Guard(whole, labels, layout.inline_labels(), starts, ends)


def _edges(layout: Layout, strings: Sequence[str]) -> tuple[set[str], set[str]]:
    """Find how the fixed text beside a text could be a part of a control token."""
    joints = layout.joints()
    before = layout.heads() | joints
    starts: set[str] = set()
    ends: set[str] = set()
    for string in strings:
        for cut in range(1, len(string)):
            first, rest = string[:cut], string[cut:]
            if any(text.endswith(first) for text in before):
                starts.add(rest[0])
            if any(text.startswith(rest) or rest.startswith(text) for text in joints):
                ends.add(first)
    return starts, ends


def _folded(strings: Iterable[str]) -> list[str]:
    return sorted({fold(string)[0] for string in strings} - {""}, key=lambda s: (-len(s), s))


def _token_pattern(token: str) -> str:
    return _DROPPED.join(re.escape(char) for char in token)


def _group_pattern(tokens: list[str]) -> str:
    """Write what tokens have in common once: most `<` in a text are told from it alone."""
    first, last = min(tokens), max(tokens)
    same = (size for size in range(len(first), 0, -1) if last.startswith(first[:size]))
    common = first[: next(same)]
    rest = [_token_pattern(token[len(common) :]) for token in tokens]
    return f"{_token_pattern(common)}{_DROPPED}(?:{'|'.join(rest)})"


def _alternatives(tokens: list[str], line: list[str], word: list[str]) -> list[str]:
    found = [f"(?i:{_token_pattern(token)})" for token in tokens]
    found += [rf"(?<!\w){re.escape(label)}" for label in word]
    if line:
        found.append(f"{_LINE_START}({'|'.join(map(re.escape, line))})")
    return found


def _quick_searches(
    tokens: list[str], line: list[str], word: list[str]
) -> tuple[Callable[[str], object], ...]:
    """Compile searches that each begin with a literal, which `re` looks for at full speed."""
    by_first: dict[str, list[str]] = {}
    for token in tokens:
        by_first.setdefault(token[0].lower(), []).append(token.lower())
    patterns = [f"(?i:{_group_pattern(group)})" for group in by_first.values()]
    patterns += [re.escape(label) for label in word]
    if line:
        patterns.append(f"\n[ \t]*(?:{'|'.join(map(re.escape, line))})")
    return tuple(re.compile(pattern).search for pattern in patterns)


def _edited(text: str, spans: Sequence[tuple[int, int]], *, strip: bool) -> str:
    """Remove the spans, or put a space after the first character of each."""
    pieces: list[str] = []
    done = 0
    for start, stop in spans:
        cut = start if strip or start == stop else start + 1
        pieces.append(text[done:cut])
        if not strip or start == stop:
            pieces.append(" ")
        done = stop if strip else cut
    return "".join((*pieces, text[done:]))
