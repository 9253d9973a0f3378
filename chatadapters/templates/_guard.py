"""Keep the text of a conversation from forging a turn: find control tokens, break or strip them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from chatadapters._checks import check_escape
from chatadapters._errors import InjectionError

from ._fold import fold, fold_fast
from ._patterns import LINE_CONTROLS, exact, folded, searches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Escape: TypeAlias = Literal["escape", "strip", "error", "off"]

_PASSES = 16


class Change(NamedTuple):
    """One thing that a text of the conversation must not contain.

    Attributes:
        turn: The index of the turn, from 0 as in a list; None is the system text.
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
        plain = folded(tokens)
        line, word = folded(set(labels) - set(inline)), folded(inline)
        first, last = folded(starts), folded(ends)
        self._pattern = exact(plain, line, word, first, last)
        self._searches = searches(plain, line, word)
        self._edges = bool(first or last)

    def clears(self, texts: Sequence[str]) -> bool:
        """Say at the cost of one scan that no text needs changing; False means look closely."""
        if self._edges:
            return False
        joined = "\n".join(("", *texts))
        likely = [search for search in self._searches if search.may_find(joined)]
        if not likely:
            return True
        if not joined.isascii():
            joined = fold_fast(joined)
        if any(map(joined.__contains__, LINE_CONTROLS)):
            return False
        if "\r" in joined:
            joined = joined.replace("\r", "\n")
        return not any(search.find(joined) for search in likely)

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
            roles: The roles of the turns.
            escape: As in `clean`; `"off"` changes nothing.

        Returns:
            What was found.

        Raises:
            TemplateError: If there is no such policy.
            InjectionError: As `clean`; it names the turn by its index, from 0, as `Change` does.
        """
        check_escape(escape)
        changes: list[Change] = []
        if escape == "off" or self.clears(texts):
            return changes
        for number, text in enumerate(texts):
            if self.clears([text]):
                continue
            try:
                texts[number], found = self.clean(text, escape)
            except InjectionError as error:
                where = f"{roles[number - 1]} (turn {number - 1})" if number else "system text"
                raise InjectionError(f"{where}: {error}; 'escape' would break it up") from None
            role = roles[number - 1] if number else "system"
            changes += [Change(number - 1 if number else None, role, token) for token in found]
        return changes


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
