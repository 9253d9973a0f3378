"""Text filters for words that may be cut into deltas: stop sequences and special tokens."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING

from ._errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence


class StopFilter:
    r"""Cuts a text at the first stop sequence, whatever pieces the text comes in.

    The cut is where the stop that begins earliest begins, exactly as if the whole text were
    there; text is held back only while it may still become a stop. Work is linear in the length
    of the text, however long and repetitive text and stops are.

    Args:
        stops: The stop sequences; a string is one of them.

    Attributes:
        stopped: The stop that was found, or None.
        rest: The text after that stop, as far as it came with the piece that decided.

    Raises:
        OptionError: A stop is empty or no string.

    Example:
        >>> stop = StopFilter(["\nUser:"])
        >>> stop.feed("Hello\nU"), stop.feed("ser: and you?"), stop.stopped
        ('Hello', '', '\nUser:')
        >>> stop = StopFilter("\nUser:")
        >>> stop.feed("Hello\nU"), stop.flush(), stop.stopped
        ('Hello', '\nU', None)
    """

    __slots__ = ("_found", "_found_at", "_node", "_root", "_starts", "rest", "stopped")

    def __init__(self, stops: Sequence[str]) -> None:
        words = _words("stop", stops)
        self._starts = _starts(words)
        self._root = self._node = _automaton(words)  # its text is the text that is held back
        self._found = ""  # a stop that ends the text, unless one that begins earlier comes true
        self._found_at = 0  # where it begins, counted from the beginning of the held text
        self.stopped: str | None = None
        self.rest = ""

    def feed(self, text: str) -> str:
        """Take the next piece of text.

        Args:
            text: A delta of any length.

        Returns:
            What may be shown now; `""` when all is held back or a stop was found before.
        """
        if self.stopped is not None:
            return ""
        held = self._node
        if not held.depth and not self._starts.search(text):
            return text
        free = held.depth + self._walk(text) - self._node.depth
        if self._found and self._found_at <= free:
            return self._cut(held, text)
        self._found_at -= free
        return held.slice(text, 0, free)

    def flush(self) -> str:
        """Give the text that is held back, when the reply has ended."""
        if self.stopped is not None:
            return ""
        held, self._node = self._node, self._root
        if self._found:
            return self._cut(held, "")
        return held.slice("", 0, held.depth)

    def _walk(self, text: str) -> int:
        """Go on to the end of the text or to where a stop is sure; give how far that is."""
        held, at = self._node.depth, 0
        while at < len(text):
            if self._node is self._root:
                start = self._starts.search(text, at)
                if start is None:
                    return len(text)
                at = start.start()
            self._node = node = self._node.after(text[at])
            at += 1
            if node.match:
                self._note(node.match, held + at - len(node.match))
            if self._found and self._found_at <= held + at - node.depth:
                break
        return at

    def _note(self, stop: str, at: int) -> None:
        if not self._found or at < self._found_at:
            self._found, self._found_at = stop, at

    def _cut(self, held: _Node, text: str) -> str:
        self.stopped = self._found
        after = self._found_at + len(self._found)
        self.rest = held.slice(text, after, held.depth + len(text))
        return held.slice(text, 0, self._found_at)


class TokenFilter:
    """Removes special tokens from a text, whatever pieces the text comes in.

    It is one pass from left to right, the longest token first where several begin: what is
    left when a token is gone is not searched again.

    Args:
        tokens: The tokens; a string is one of them.

    Raises:
        OptionError: A token is empty or no string.

    Example:
        >>> tokens = TokenFilter(["<|im_end|>", "</s>"])
        >>> tokens.feed("Hi</s>!<|im_"), tokens.feed("end|>"), tokens.feed("<"), tokens.flush()
        ('Hi!', '', '', '<')
    """

    __slots__ = ("_held", "_longest", "_sorted", "_starts", "_whole")

    def __init__(self, tokens: Sequence[str]) -> None:
        words = _words("tokens", tokens)
        self._sorted = sorted(words)
        self._longest = max(map(len, words), default=0)
        self._starts = _starts(words)
        self._whole = _any_of(words)
        self._held = ""

    def feed(self, text: str) -> str:
        """Take the next piece of text.

        Args:
            text: A delta of any length.

        Returns:
            What may be shown now, `""` when all is held back.
        """
        if not self._held and not self._starts.search(text):
            return text
        text, self._held = self._held + text, ""
        shown: list[str] = []
        done = 0
        for start in self._starts.finditer(text):
            at = start.start()
            if at < done:
                continue  # inside a token
            if self._may_become_token(text[at : at + self._longest]):
                shown.append(text[done:at])
                self._held = text[at:]
                return "".join(shown)
            if token := self._whole.match(text, at):
                shown.append(text[done:at])
                done = token.end()
        return "".join((*shown, text[done:]))

    def flush(self) -> str:
        """Give the text that is held back, when the reply has ended."""
        held, self._held = self._held, ""
        return self._whole.sub("", held)

    def _may_become_token(self, rest: str) -> bool:
        """Say whether the end of the text is the beginning of a longer token."""
        following = bisect_right(self._sorted, rest)
        return following < len(self._sorted) and self._sorted[following].startswith(rest)


class _Node:
    """A beginning of some words, in the automaton of Aho and Corasick that finds them all."""

    __slots__ = ("depth", "fail", "match", "next", "word")

    def __init__(self, word: str, depth: int) -> None:
        self.word = word  # the beginning is its first `depth` characters
        self.depth = depth
        self.match = ""  # the longest word that the beginning ends with
        self.next: dict[str, _Node] = {}
        self.fail: _Node | None = None  # the longest other beginning that this one ends with

    def after(self, char: str) -> _Node:
        """Give the longest beginning that this one and the next character end with."""
        node = self
        while char not in node.next and node.fail is not None:
            node = node.fail
        return node.next.get(char, node)

    def slice(self, text: str, begin: int, end: int) -> str:
        """Cut from this beginning and the text after it, without joining the two."""
        held = self.word[begin : min(end, self.depth)]
        return held + text[max(begin - self.depth, 0) : max(end - self.depth, 0)]


@lru_cache(maxsize=16)
def _automaton(words: tuple[str, ...]) -> _Node:
    root = _Node("", 0)
    for word in words:
        node = root
        for depth, char in enumerate(word, 1):
            node = node.next.setdefault(char, _Node(word, depth))
        node.match = word
    queue = [root]
    for node in queue:  # it grows while it is read: the shorter beginnings come first
        for char, child in node.next.items():
            child.fail = node.fail.after(char) if node.fail else root
            child.match = child.match or child.fail.match
            queue.append(child)
    return root


@lru_cache(maxsize=16)
def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    """Make the pattern that matches one of the words, the longest where there are several."""
    if not words:
        return re.compile(r"(?!)")
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))


def _starts(words: tuple[str, ...]) -> re.Pattern[str]:
    """Make the pattern that finds the first character of a word, as fast as can be."""
    return _any_of(tuple(sorted({word[0] for word in words})))


def _words(option: str, value: Sequence[str]) -> tuple[str, ...]:
    words = (value,) if isinstance(value, str) else tuple(value)
    for word in words:
        if not isinstance(word, str) or not word:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise OptionError(f"{option}={value!r}: {word!r} cannot be found; give strings of text")
    return words
