"""What a reply has said so far, over all its attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._events import Reasoning, Restarted, Text

if TYPE_CHECKING:
    from ._events import Event


class Transcript:
    """Takes note of the text and the reasoning of a reply."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._earlier = ""

    def __bool__(self) -> bool:
        """Whether the current attempt has said anything."""
        return bool(self._text or self._reasoning)

    def add(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case Text(delta):
                self._text.append(delta)
            case Reasoning(delta):
                self._reasoning.append(delta)
            case Restarted():
                self._earlier = self.best
                self._text, self._reasoning = [], []

    @property
    def has_text(self) -> bool:
        """Whether the current attempt has given any of its answer."""
        return bool(self._text)

    @property
    def text(self) -> str:
        """The answer of the current attempt."""
        return "".join(self._text)

    @property
    def reasoning(self) -> str:
        """The reasoning of the current attempt."""
        return "".join(self._reasoning)

    @property
    def best(self) -> str:
        """The longest answer so far: what a consumer still sees while a restart catches up."""
        text = self.text
        return text if len(text) >= len(self._earlier) else self._earlier
