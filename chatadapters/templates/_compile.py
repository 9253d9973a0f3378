"""Turn a Jinja chat template into a declarative layout, and prove that it says the same.

The template is rendered with marked texts; what stands between the marks gives the pieces. The
layout made of them is then compared with the template on further conversations: short and long
ones, with and without system text, every order of roles, texts with white space, with reasoning,
and texts made of the template's own string literals, because a template may look into them.
Where it writes the date, all that is done on several days. Only a layout that gave equal text
everywhere is used.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from chatadapters._errors import TemplateError

from ._fields import CLOSING
from ._pieces import NoLayoutError, split
from ._probe import LONGEST_WORD, ROLES, SYSTEM, TURNS, Prober, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ._jinja import JinjaLayout
    from ._layout import Layout
    from ._render import Turn

_PLAIN = ("Hello", "  two  spaces ", "a\nb\n\n", "é 中文 <b> & 'q' \"d\" {{ x }}", "0")
_DAYS = (datetime(2026, 11, 3, 9, 5), datetime(1999, 12, 31, 23, 59), datetime(2028, 2, 29))
_CLOSING = re.compile(r"</([^<>/\s]+)>")


def compiled(template: JinjaLayout) -> Layout | None:
    """Compile a template.

    Args:
        template: The Jinja template.

    Returns:
        The layout that writes the same, or None where there is none.

    Raises:
        TemplateError: If the template cannot render the simplest conversation.
    """
    Prober(template).text(TURNS[:1])
    for closing in CLOSING:
        prober = Prober(template, closing)
        try:
            layout = prober.layout()
        except (NoLayoutError, TemplateError):
            continue
        if _proved(prober, layout, _conversations(layout, template.jinja)):
            kept = layout.later_system and _proved(prober, layout, _with_system_later(layout))
            return layout if kept else replace(layout, later_system=None)
        if not layout.closing:
            break
    return None


def _proved(prober: Prober, layout: Layout, conversations: Iterable[list[Turn]]) -> bool:
    """Say whether the layout gives the template's text for every conversation it takes."""
    return all(
        _same(prober, layout, turns, day, inference=inference)
        for turns in conversations
        for day in (_DAYS if prober.forms else _DAYS[:1])
        for inference in (True, False)
        if not (inference and turns[-1][0] == "assistant")
    )


def _same(
    prober: Prober, layout: Layout, turns: list[Turn], day: datetime, *, inference: bool
) -> bool:
    try:
        expected = prober.text(turns, inference=inference, now=day.strftime)
    except TemplateError:
        return True
    return written(layout, turns, inference=inference, now=lambda: day) == expected


def opens_with_bos(template: JinjaLayout) -> bool:
    """Say whether a template writes the beginning-of-sequence token at the beginning.

    The same characters may stand there as an ordinary part of the template: SmolLM2's token is
    `<|im_start|>`, which opens its every turn.
    """
    marked = Prober(replace(template, bos=SYSTEM)).text(TURNS[:1])
    return bool(template.bos) and marked.startswith(SYSTEM)


def fixed_text(template: JinjaLayout) -> tuple[str, str, str]:
    """Give what a template writes around user, assistant, user, as far as it can be seen.

    Args:
        template: The Jinja template.

    Returns:
        All the fixed text, what stands before the last user's text, and the generation prompt.
    """
    prober = Prober(template)
    for turns in ([("system", SYSTEM), *TURNS[:3]], TURNS[:3], TURNS[:1]):
        try:
            pieces = split(prober.text(turns), [text for _, text in turns])
        except (NoLayoutError, TemplateError):
            continue
        return "\n".join(pieces), pieces[-2], pieces[-1]
    return "", "", ""


def _conversations(layout: Layout, source: str) -> Iterator[list[Turn]]:
    """Yield what the layout must write like the template."""
    looks = _looks(source)
    for start in range(0, len(looks) + 5, 5):
        texts = looks[start - 5 : start] if start else _PLAIN
        whole = [texts[number % len(texts)] for number in range(5)]
        turns: list[Turn] = list(zip(ROLES, whole, strict=False))
        yield from (turns[:count] for count in range(1, 6))
        if layout.system_place not in {"refuse", "ignore"}:
            yield [("system", whole[-1]), *turns]
            yield from ([("system", text), *turns[:1]] for text in whole)
    yield from _orders(layout, list(_PLAIN))
    yield TURNS * 3
    yield from ([(role, text) for role, _ in TURNS] for text in ("", " \n"))


def _orders(layout: Layout, texts: list[str]) -> Iterator[list[Turn]]:
    """Yield other orders of roles, with and without system text."""
    for roles in ("aua", "uu", "uua", "uaa", "uaau", "auuaau"):
        names = ("user" if role == "u" else "assistant" for role in roles)
        turns: list[Turn] = list(zip(names, [*texts, *texts], strict=False))
        yield turns
        if layout.system_place == "block":
            yield [("system", "x"), *turns]


def _looks(source: str) -> list[str]:
    """Make texts of what the template may look for: its literals, and blocks of its tags."""
    from ._sandbox import looks

    words = sorted(word for word in looks(source).words if len(word) <= LONGEST_WORD)
    tags = {tag for word in words for tag in _CLOSING.findall(word)} | {"think"}
    blocks = [f"<{tag}>\nhm\n</{tag}>\n\nso" for tag in sorted(tags)]
    return [f"x{word}y{word}z" for word in words] + blocks * 2


def _with_system_later(layout: Layout) -> Iterator[list[Turn]]:
    for word in _PLAIN:
        later = ("system", word)
        yield [*TURNS[:2], later, TURNS[2]]
        yield [*TURNS[:4], later, TURNS[4]]
        if layout.system_place not in {"refuse", "ignore"}:
            yield [("system", "x"), *TURNS[:2], later, *TURNS[2:5]]
