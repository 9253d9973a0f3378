"""What a reply has said so far, over all its attempts."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from ._events import Reasoning, Restarted, Text

if TYPE_CHECKING:
    from ._events import Event


class Transcript:
    """Takes note of the text and the reasoning of a reply.

    Attributes:
        has_text: Whether the current attempt has given any of its answer.
    """

    __slots__ = ("_earlier", "_has_reasoning", "_reasoning", "_text", "has_text")

    def __init__(self) -> None:
        self._earlier = ""
        self._begin()

    def _begin(self) -> None:
        # Not lists of pieces: a million short strings take twenty times what their text does.
        self._text, self._reasoning = StringIO(), StringIO()
        self.has_text = self._has_reasoning = False

    def __bool__(self) -> bool:
        """Whether the current attempt has said anything."""
        return self.has_text or self._has_reasoning

    def add(self, event: Event) -> None:
        """Take note of an event."""
        if isinstance(event, Text):
            self._text.write(event.delta)
            self.has_text = True
        elif isinstance(event, Reasoning):
            self._reasoning.write(event.delta)
            self._has_reasoning = True
        elif isinstance(event, Restarted):
            self._earlier = self.best
            self._begin()

    @property
    def text(self) -> str:
        """The answer of the current attempt."""
        return self._text.getvalue()

    @property
    def reasoning(self) -> str:
        """The reasoning of the current attempt."""
        return self._reasoning.getvalue()

    @property
    def best(self) -> str:
        """The longest answer so far: what a consumer still sees while a restart catches up."""
        text = self.text
        return text if len(text) >= len(self._earlier) else self._earlier
