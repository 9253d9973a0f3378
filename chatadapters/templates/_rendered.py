"""A written prompt: in its pieces, and as the one text with what is known about it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from chatadapters._errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._guard import Change


@dataclass(frozen=True)
class Rendered:
    r"""A prompt and what is known about it.

    Attributes:
        prompt: The text.
        changes: What was broken or stripped out of the conversation's text.
        spans: As `replies`; None where Jinja wrote the prompt and their place is not proved.

    Example:
        >>> from chatadapters import get_template
        >>> said = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
        >>> whole = get_template("starchat").rendered(said, inference=False)
        >>> [whole.prompt[start:stop] for start, stop in whole.replies]
        ['Hello<|end|>\n']
    """

    prompt: str
    changes: tuple[Change, ...] = ()
    spans: tuple[tuple[int, int], ...] | None = ()

    @property
    def replies(self) -> tuple[tuple[int, int], ...]:
        """Where the assistant's texts stand in the prompt: what a model is trained on.

        Each is `(start, stop)` and includes what ends the text.

        Raises:
            TemplateError: If that cannot be proved of this Jinja template and conversation.
        """
        if self.spans is None:
            raise TemplateError(
                "where the assistant's texts stand cannot be proved: this Jinja chat template "
                "changes them; mark them in it with {% generation %} and {% endgeneration %}"
            )
        return self.spans


@dataclass
class Parts:
    """A prompt before it is joined: head, then before, text, after of each turn, then the tail.

    What Jinja wrote is one piece, and `find` looks for the assistant's texts in it.
    """

    roles: Sequence[str]
    pieces: list[str]
    changes: list[Change]
    find: Callable[[], tuple[tuple[int, int], ...] | None] | None = None

    def rendered(self) -> Rendered:
        """Join the pieces and say where the assistant's are."""
        spans = self.find() if self.find else self._spans()
        return Rendered("".join(self.pieces), tuple(self.changes), spans)

    def _spans(self) -> tuple[tuple[int, int], ...]:
        edges = [0, *accumulate(map(len, self.pieces))]
        return tuple(
            (edges[3 * number + 2], edges[3 * number + 4])
            for number, role in enumerate(self.roles)
            if role == "assistant"
        )
