"""Find where the assistant's texts stand in a prompt that Jinja wrote, and prove it.

A template that marks them with `{% generation %}` says so itself. In any other, a text is put
between two marks: where the prompt is the same but for the marks, they show its place.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from chatadapters._errors import TemplateError

from ._pieces import common_start

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ._jinja import JinjaLayout
    from ._render import Turn

Span: TypeAlias = tuple[int, int]
# Characters of private use: no text has a meaning for them.
_OPEN, _CLOSE = "\U000f0f00", "\U000f0f01"
_MARKS = re.compile(f"[{_OPEN}{_CLOSE}]")
_GENERATION = re.compile(r"\{%[-+]?\s*generation\b")
_TAG = re.compile(r"<[^<>\s]+>\s*")


def reply_spans(
    layout: JinjaLayout, turns: Sequence[Turn], prompt: str, *, inference: bool
) -> tuple[Span, ...] | None:
    """Find the spans of the assistant's texts, each with what ends it.

    Args:
        layout: The template.
        turns: The conversation, the system message among the turns.
        prompt: What the template wrote.
        inference: Whether with the generation prompt.

    Returns:
        The spans, or None where they cannot be proved.
    """
    replies = [number for number, (role, _) in enumerate(turns) if role == "assistant"]
    if _MARKS.search(prompt) or not replies:
        return None if replies else ()
    if _GENERATION.search(layout.jinja):
        marked = layout.text(turns, inference=inference, marks=(_OPEN, _CLOSE))
        return _between_marks(marked, prompt) or None
    spans = [_span(layout, turns, number, prompt, inference=inference) for number in replies]
    proved = tuple(span for span in spans if span is not None)
    return proved if len(proved) == len(replies) else None


def _between_marks(marked: str, prompt: str) -> tuple[Span, ...]:
    """Read the spans off a prompt with marks, if it is the prompt but for them."""
    if _MARKS.sub("", marked) != prompt:
        return ()
    at = [match.start() - number for number, match in enumerate(_MARKS.finditer(marked))]
    kinds = _MARKS.findall(marked)
    if kinds != [_OPEN, _CLOSE] * (len(kinds) // 2):
        return ()
    return tuple(zip(at[0::2], at[1::2], strict=True))


def end_of_last(layout: JinjaLayout, turns: Sequence[Turn], prompt: str) -> int:
    """Find where the last text ends, so that the model continues it.

    Args:
        layout: The template.
        turns: The conversation.
        prompt: What the template wrote, without the generation prompt.

    Returns:
        The place.

    Raises:
        TemplateError: If it cannot be proved.
    """
    text = turns[-1][1]
    for _, (_, stop) in _places(layout, turns, len(turns) - 1, prompt, inference=False):
        space = text[len(text.rstrip()) :]
        return stop + len(space) * prompt.startswith(space, stop)
    raise TemplateError("the chat template does not write the last message as it is")


def _span(
    layout: JinjaLayout, turns: Sequence[Turn], number: int, prompt: str, *, inference: bool
) -> Span | None:
    """Find one text and what ends it: that is what ends a conversation that ends there, too."""
    for marked, (start, stop) in _places(layout, turns, number, prompt, inference=inference):
        with suppress(TemplateError):
            ended = layout.text([*turns[:number], ("assistant", marked)], inference=False)
            _, found, end = ended.partition(_CLOSE)
            shared = common_start([end, prompt[stop : stop + len(end)]])
            if found and (shared or not end):
                return start, stop + len(shared)
    return None


def _places(
    layout: JinjaLayout, turns: Sequence[Turn], number: int, prompt: str, *, inference: bool
) -> Iterator[tuple[str, Span]]:
    """Yield marked forms of one text that keep their marks, with the places of these."""
    for text in _marked(turns[number][1]):
        tried = [*turns[:number], (turns[number][0], text), *turns[number + 1 :]]
        with suppress(TemplateError):
            found = _between_marks(layout.text(tried, inference=inference), prompt)
            if len(found) == 1:
                yield text, found[0]


def _marked(text: str) -> Iterator[str]:
    """Yield a text with marks inside its white space, then without what stands up to a tag."""
    core = text.strip()
    before, _, after = text.partition(core) if core else (text, "", "")
    for start in (0, *(match.end() for match in _TAG.finditer(core))):
        yield f"{before}{core[:start]}{_OPEN}{core[start:]}{_CLOSE}{after}"
