"""Splits the reasoning that a model writes between tags from the answer that follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ._stop import StopFilter

if TYPE_CHECKING:
    from collections.abc import Sequence

Tags: TypeAlias = "Sequence[tuple[str, str]]"

#: How models mark the beginning and the end of their reasoning. Words that an answer in XML
#: may well begin with, such as `<reason>`, are left out.
TAGS: Tags = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),  # Gemini, where it is asked for its thoughts
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
)

_MOST_BLANK = 1000  # characters of white space before a tag; it bounds what is held back


class ReasoningSplitter:
    r"""Says of each piece of a reply whether it is reasoning, whatever pieces it comes in.

    Only a block at the very beginning counts, after nothing but white space, and only one:
    tags that come later belong to the answer, which stays whole when it talks about them. A
    block that is never closed is reasoning to its end. White space between the tags and the
    text after them is layout and left out. Work is linear in the length of the text.

    Args:
        tags: The tags that count, each with the one that closes it.
        inside: Whether the prompt ended inside a block, so that the reply begins with
            reasoning; any closing tag ends it, and an opening tag in front is left out.

    Attributes:
        settled: Whether all that still comes is answer; then pieces need not be fed at all.

    Example:
        >>> splitter = ReasoningSplitter()
        >>> splitter.feed("<thi"), splitter.feed("nk>2 + 2 is 4</think>\n\nIt is 4.")
        ([], [(True, '2 + 2 is 4'), (False, 'It is 4.')])
        >>> splitter.settled, splitter.feed(" Not <think>!"), splitter.flush()
        (True, [(False, ' Not <think>!')], [])
    """

    __slots__ = ("_block", "_held", "_inside", "_shown", "_tags", "settled")

    def __init__(self, tags: Tags = TAGS, *, inside: bool = False) -> None:
        self._tags = sorted(tags, key=lambda tag: len(tag[0]), reverse=True)
        self._inside = inside
        self._held = ""  # what came before it was clear whether there is a tag
        self._block: StopFilter | None = None  # ends at the closing tag
        self._shown = False  # whether the block had any text
        self.settled = False

    def feed(self, text: str) -> list[tuple[bool, str]]:
        """Take the next piece of the reply.

        Args:
            text: A delta of any length.

        Returns:
            Pairs of "is it reasoning?" and text, in order: at most one of each, none empty.
        """
        if self.settled:
            return [(False, text)] if text else []
        if self._block is not None:
            return _pieces(*self._read(self._block, text))
        self._held += text
        return [] if self._may_become_tag() else _pieces(*self._begin())

    def flush(self) -> list[tuple[bool, str]]:
        """Give the text that is held back, when the reply has ended."""
        if self.settled:
            return []
        reasoning, answer = self._begin() if self._block is None else ("", "")
        if self._block is not None and self._block.stopped is None:
            left = self._trim(self._block.flush(), self._block.rest)
            reasoning, answer = reasoning + left[0], answer + left[1]
        return _pieces(reasoning, answer)

    def _may_become_tag(self) -> bool:
        text = self._held.lstrip()
        if len(self._held) - len(text) > _MOST_BLANK:
            return False
        return any(start.startswith(text) for start, _ in self._tags)

    def _begin(self) -> tuple[str, str]:
        """Decide what the held text is; like all below, give reasoning and answer."""
        held, self._held = self._held, ""
        text = held.lstrip()
        if len(held) - len(text) <= _MOST_BLANK:
            for start, end in self._tags:
                if text.startswith(start):
                    self._block = StopFilter(end)
                    return self._read(self._block, text.removeprefix(start))
        if self._inside:
            self._block = StopFilter([end for _, end in self._tags])
            return self._read(self._block, held)
        self.settled = True
        return "", held

    def _read(self, block: StopFilter, text: str) -> tuple[str, str]:
        if block.stopped is not None:
            return self._trim("", text)
        return self._trim(block.feed(text), block.rest)

    def _trim(self, reasoning: str, answer: str) -> tuple[str, str]:
        """Leave out the white space after either tag."""
        if not self._shown:
            reasoning = reasoning.lstrip()
            self._shown = bool(reasoning)
        answer = answer.lstrip()
        self.settled = bool(answer)
        return reasoning, answer


def ends_inside(prompt: str) -> bool:
    r"""Say whether a prompt ends with a tag that opens a block, so that the reply begins in it.

    Example:
        >>> ends_inside("<|assistant|><think>\n"), ends_inside("What is <think>?")
        (True, False)
    """
    return prompt.rstrip().endswith(tuple(opening for opening, _ in TAGS))


def _pieces(reasoning: str, answer: str) -> list[tuple[bool, str]]:
    return [piece for piece in ((True, reasoning), (False, answer)) if piece[1]]
