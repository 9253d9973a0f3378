"""Turn a Jinja chat template into a declarative layout, and prove that it says the same.

The template is rendered with marked texts; what stands between the marks gives the pieces. The
layout made of them is then compared with the template on further conversations. Only a layout that
gave equal text everywhere is used.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, get_args

from chatadapters._errors import TemplateError

from ._answers import Answers, SlowError, renderer_of, written
from ._cases import cases, later_cases
from ._fields import CLOSING, LaterPlace
from ._marks import SYSTEM, TURNS
from ._pieces import NoLayoutError, split
from ._probe import Prober

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._cases import Case
    from ._jinja import JinjaLayout
    from ._layout import Layout
    from ._render import Renderer

_DAYS = (datetime(2026, 11, 3, 9, 5), datetime(1999, 12, 31, 23, 59), datetime(2028, 2, 29))
# So many conversations are compared on each of these days, the others on one of them.
_ON_EACH_DAY = 20


def compiled(template: JinjaLayout) -> Layout | None:
    """Compile a template.

    Args:
        template: The Jinja template.

    Returns:
        The layout that writes the same, or None where there is none, or no time to prove one.

    Raises:
        TemplateError: If the template cannot render the simplest conversation.
    """
    answers = Answers(template)
    answers.text(TURNS[:1])
    try:
        return _found(answers)
    except SlowError:
        return None


def _found(answers: Answers) -> Layout | None:
    for closing in CLOSING:
        try:
            layout = Prober(answers, closing).layout()
        except (NoLayoutError, TemplateError):
            continue
        if _proved(answers, layout, cases(layout, answers.template.looked())):
            return _with_later_place(answers, layout)
        if not layout.closing:
            break
    return None


def _with_later_place(answers: Answers, layout: Layout) -> Layout:
    """Find where the layout's system messages between the turns may be."""
    places: tuple[LaterPlace, ...] = get_args(LaterPlace) if layout.later_system else ()
    for place in places:
        placed = replace(layout, later_place=place)
        if _proved(answers, placed, later_cases(placed)):
            return placed
    return replace(layout, later_system=None)


def _proved(answers: Answers, layout: Layout, compared: Iterable[Case]) -> bool:
    """Say whether the layout gives the template's text for every conversation it takes."""
    renderers = [(day, renderer_of(layout, day)) for day in _DAYS[: 3 if answers.forms else 1]]
    return all(
        _same(answers, *renderers[(number + more) % len(renderers)], case)
        for number, case in enumerate(compared)
        for more in range(len(renderers) if number < _ON_EACH_DAY else 1)
    )


def _same(answers: Answers, day: datetime, renderer: Renderer, case: Case) -> bool:
    """Compare one conversation; a long one that is refused, in halves."""
    turns, inference = case
    try:
        expected = answers.text(turns, inference=inference, day=day)
    except TemplateError:
        middle = len(turns) // 4 * 2
        halves = (turns[:middle], turns[middle:]) if middle else ()
        return all(_same(answers, day, renderer, (half, False)) for half in halves)
    try:
        return written(renderer, turns, inference=inference) == expected
    except TemplateError:
        return False


def opens_with_bos(template: JinjaLayout) -> bool:
    """Say whether a template writes the beginning-of-sequence token at the beginning.

    The same characters may stand there as an ordinary part of the template: SmolLM2's token is
    `<|im_start|>`, which opens its every turn.
    """
    marked = Answers(replace(template, bos=SYSTEM)).text(TURNS[:1])
    return bool(template.bos) and marked.startswith(SYSTEM)


def fixed_text(template: JinjaLayout) -> tuple[str, str, str]:
    """Give what a template writes around user, assistant, user, as far as it can be seen.

    Args:
        template: The Jinja template.

    Returns:
        All the fixed text, what stands before the last user's text, and the generation prompt.
    """
    answers = Answers(template)
    for turns in ([("system", SYSTEM), *TURNS[:3]], TURNS[:3], TURNS[:1]):
        try:
            pieces = split(answers.text(turns), [text for _, text in turns])
        except (NoLayoutError, TemplateError):
            continue
        return "\n".join(pieces), pieces[-2], pieces[-1]
    return "", "", ""
