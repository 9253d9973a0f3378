"""What a Jinja template and a layout write for a conversation: what is compared."""

from __future__ import annotations

from dataclasses import replace
from time import thread_time
from typing import TYPE_CHECKING

from chatadapters._errors import TemplateError

from ._render import Renderer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ._jinja import JinjaLayout
    from ._layout import Layout
    from ._render import Turn

_SECONDS = 10  # of processor time for all conversations; the longest real template takes 0.3


class SlowError(Exception):
    """A template takes too long to be compared."""


class Answers:
    """What a template writes, each conversation rendered once.

    Args:
        template: The Jinja template.

    Attributes:
        forms: The forms in which the template asked for the date so far.
    """

    def __init__(self, template: JinjaLayout) -> None:
        self.template = template
        self.forms: set[str] = set()
        self._known: dict[object, str | TemplateError] = {}
        self._left: float = _SECONDS

    def text(
        self, turns: Sequence[Turn], *, inference: bool = True, day: datetime | None = None
    ) -> str:
        """Give what the template writes.

        Args:
            turns: Role and text of each message.
            inference: Whether the generation prompt stands at the end.
            day: The date; without one, placeholders stand in its place.

        Raises:
            TemplateError: Where the template refuses the conversation.
            SlowError: All conversations together took too long.
        """
        key = (tuple(turns), inference, day)
        if key not in self._known:
            now = day.strftime if day else self._placeholder
            if self._left < 0:
                raise SlowError
            start = thread_time()
            try:
                self._known[key] = self.template.text(turns, inference=inference, now=now)
            except TemplateError as error:
                self._known[key] = error
            self._left -= thread_time() - start
        found = self._known[key]
        if isinstance(found, TemplateError):
            raise found
        return found

    def _placeholder(self, form: str) -> str:
        self.forms.add(form)
        return f"{{date:{form}}}"


def renderer_of(layout: Layout, day: datetime | None = None) -> Renderer:
    """Make what writes a layout's conversations on a day; without one, placeholders stay."""
    if day is None and layout.dates:
        layout = replace(layout, dates=())
    return Renderer(layout, lambda: day) if day else Renderer(layout)


def written(renderer: Renderer, turns: Sequence[Turn], *, inference: bool) -> str:
    """Write a conversation as it is.

    Args:
        renderer: Of the layout.
        turns: Role and text of each message, the system message among them.
        inference: Whether the generation prompt stands at the end.
    """
    roles, texts = zip(*turns, strict=True)
    system = texts[0] if roles[0] == "system" else ""
    if system:
        roles, texts = roles[1:], texts[1:]
    parts = renderer.parts(system, roles, texts, inference=inference, escape="off", bos=True)
    return "".join(parts.pieces)
