"""Keeps a model's text from putting a page of its own into the page that shows it."""

from __future__ import annotations

import re

_TAGS = ("<iframe", "<object", "<embed")
_OPENING = re.compile("|".join(f"<(?={tag[1:]})" for tag in _TAGS), re.IGNORECASE)
# A tag begins with a letter: with this, which nobody sees, it is text.
_BROKEN = "<\u200b"


class FrameBreaker:
    r"""Makes text of the tags that embed a page, in text that comes in pieces.

    Example:
        >>> breaker = FrameBreaker()
        >>> breaker.feed("a <b>c</b> <ifr"), breaker.feed("ame>"), breaker.flush()
        ('a <b>c</b> ', '<\u200biframe>', '')
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """Take a piece; give what is sure to begin no such tag, or does no more."""
        text = self._held + piece
        at = text.rfind("<")
        opening = text[at:].lower() if at >= 0 else ""
        may_go_on = bool(opening) and any(tag.startswith(opening) for tag in _TAGS)
        self._held = text[at:] if may_go_on else ""
        return _OPENING.sub(_BROKEN, text[:at] if may_go_on else text)

    def flush(self) -> str:
        """Give what was held back, at the end."""
        held, self._held = self._held, ""
        return _OPENING.sub(_BROKEN, held)


def whole(text: str) -> str:
    """Give a text as the model wrote it."""
    return text.replace(_BROKEN, "<")
