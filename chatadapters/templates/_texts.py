"""What a layout does to the texts themselves: white space at their ends, reasoning in answers."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["assistant", "last", "reply", "newest"]
Strip: TypeAlias = tuple[str, str | None, str | None]


class Thinking(NamedTuple):
    r"""What a layout does with reasoning in an assistant's text.

    Attributes:
        kind: Which answers: every `"assistant"` one, or the closing one, by the name that
            `Layout.between` has for it; each kind has its own rule.
        close: What ends the reasoning.
        open: What begins it; what stands before that is dropped with it.
        cut: The answer is what follows the `"first"` or the `"last"` `close`, or what is left
            when `"each"` block from `open` to `close` is taken out.
        before: What stands before the reasoning, instead of what stands before an answer
            without any; None: the reasoning is left out.
        between: What stands between the reasoning and the answer.
        alone: What stands after reasoning that no answer follows, if that is not `between`.
        strip: Characters that the answer loses on the left and on the right, None: white space.
        trim: Characters that the reasoning loses on both sides, None: white space.

    Example:
        >>> Thinking("assistant", "</think>", strip=("\n", "")).split("hm</think>\n\nso")
        (None, 'so')
    """

    kind: Kind
    close: str
    open: str = ""
    cut: Literal["first", "last", "each"] = "last"
    before: str | None = None
    between: str = ""
    alone: str | None = None
    strip: tuple[str | None, str | None] = ("", "")
    trim: str | None = ""

    def split(self, text: str) -> tuple[str | None, str]:
        """Take reasoning and answer apart.

        Args:
            text: An assistant's text.

        Returns:
            The reasoning, None where none is written, and the answer.
        """
        if self.cut == "each":
            parts = (part.partition(self.open)[0] for part in text.split(self.close))
            return None, stripped("".join(parts), *self.strip)
        first, found, answer = text.partition(self.close)
        if not found:
            return None, text
        if self.cut == "last":
            answer = answer.rpartition(self.close)[2]
        reasoning = first.rpartition(self.open)[2] if self.open else first
        kept = None if self.before is None else reasoning.strip(self.trim)
        return kept or None, stripped(answer, *self.strip)


def stripped(text: str, left: str | None, right: str | None) -> str:
    """Strip other characters on the left than on the right; None: white space."""
    return text.lstrip(left).rstrip(right)
