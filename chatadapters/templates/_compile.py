"""Turn a Jinja chat template into a declarative layout, and prove that it says the same.

The template is rendered with marked texts; what stands between the marks gives the pieces. The
layout made of them is then compared with the template on further conversations: short and long
ones, with and without system text, texts with white space, and texts made of the template's own
string literals, because a template may look into them. Only a layout that gave equal text
everywhere is used.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from chatadapters._errors import TemplateError

from ._layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ._jinja import JinjaLayout
    from ._render import Turn

_MARKS = ("qSysq", "qUonq", "qAonq", "qUtwq", "qAtwq", "qUthq")
_SYSTEM, *_REST = _MARKS
_ROLES: tuple[str, ...] = ("user", "assistant") * 3
_TURNS: list[Turn] = list(zip(_ROLES, _REST, strict=False))
_PLAIN = ("Hello", "  two  spaces ", "a\nb\n\n", "é 中文 <b> & 'q' \"d\" {{ x }}", "0")
_SPACED = "\n \t{0} \n\n"
_LONGEST_WORD = 40
_CLOSING = re.compile(r"</([^<>/\s]+)>")


class _NoLayout(Exception):  # noqa: N818 - never seen outside: "this cannot be said in pieces"
    pass


def compiled(template: JinjaLayout) -> Layout | None:
    """Compile a template.

    Args:
        template: The Jinja template.

    Returns:
        The layout that writes the same, or None where there is none.

    Raises:
        TemplateError: If the template cannot render the simplest conversation.
    """
    prober = _Prober(template)
    prober.text(_TURNS[:1])
    try:
        layout = prober.layout()
    except (_NoLayout, TemplateError):
        return None
    if prober.dynamic or not prober.proves(layout, _conversations(layout, template.jinja)):
        return None
    if layout.later_system and not prober.proves(layout, _with_system_later(layout)):
        return replace(layout, later_system=None)
    return layout


def opens_with_bos(template: JinjaLayout) -> bool:
    """Say whether a template writes the beginning-of-sequence token at the beginning.

    The same characters may stand there as an ordinary part of the template: SmolLM2's token is
    `<|im_start|>`, which opens its every turn.
    """
    marked = _Prober(replace(template, bos=_SYSTEM)).text(_TURNS[:1])
    return bool(template.bos) and marked.startswith(_SYSTEM)


def fixed_text(template: JinjaLayout) -> tuple[str, str, str]:
    """Give what a template writes around user, assistant, user, as far as it can be seen.

    Args:
        template: The Jinja template.

    Returns:
        All the fixed text, what stands before the last user's text, and the generation prompt.
    """
    prober = _Prober(template)
    for turns in ([("system", _SYSTEM), *_TURNS[:3]], _TURNS[:3], _TURNS[:1]):
        try:
            pieces = _split(prober.text(turns), [text for _, text in turns])
        except (_NoLayout, TemplateError):
            continue
        return "\n".join(pieces), pieces[-2], pieces[-1]
    return "", "", ""


class _Prober:
    def __init__(self, template: JinjaLayout) -> None:
        self._template = template
        self.dynamic = False

    def _now(self, form: str) -> str:
        self.dynamic = True
        return form

    def text(self, turns: Sequence[Turn], *, inference: bool = True) -> str:
        return self._template.text(turns, inference=inference, now=self._now)

    def _pieces(self, turns: Sequence[Turn], *, inference: bool = True) -> list[str]:
        return _split(self.text(turns, inference=inference), [text for _, text in turns])

    def layout(self) -> Layout:
        """Make the layout that marked conversations show."""
        head, over, back, over2, back2, generation = self._pieces(_TURNS)
        if (over, back) != (over2, back2):
            raise _NoLayout
        user_end = self._end(_TURNS[:1], over)
        assistant_end = self._end(_TURNS[:2], back)
        bos = self._template.bos if self._template.opens_with_bos else ""
        layout = Layout(
            user=(back[len(assistant_end) :], user_end),
            assistant=(over[len(user_end) :], assistant_end),
            generation_prompt=generation.removeprefix(user_end),
            bos=bos,
        )
        if not generation.startswith(user_end):
            raise _NoLayout
        layout = _with_head(layout, head.removeprefix(bos))
        layout = self._with_system(layout, head.removeprefix(bos), back)
        return self._with_later_system(self._with_trim(layout))

    def _end(self, turns: list[Turn], joint: str) -> str:
        """Find how a turn ends when nothing follows it."""
        end = self._pieces(turns, inference=False)[-1]
        if not joint.startswith(end):
            raise _NoLayout
        return end

    def _with_system(self, layout: Layout, head: str, back: str) -> Layout:
        turns = [("system", _SYSTEM), *_TURNS]
        try:
            text = self.text(turns)
        except TemplateError:
            return replace(layout, system_place="refuse")
        order = sorted(_MARKS, key=text.find)
        if _SYSTEM not in text:
            return replace(layout, system_place="ignore")
        pieces = _split(text, order)
        at = order.index(_SYSTEM)
        before, after = pieces[at], pieces[at + 1]
        if at == 0:
            return _with_first_system(layout, head, before.removeprefix(layout.bos), after)
        if at == len(order) - 2 and before.startswith(back):
            system = (before.removeprefix(back), after)
            return replace(layout, system=system, system_place="last_user")
        raise _NoLayout

    def _with_trim(self, layout: Layout) -> Layout:
        """See whose texts lose the white space around them."""
        given = [("system", _SYSTEM)] * (layout.system_place not in {"refuse", "ignore"})
        turns = [(role, _SPACED.format(text)) for role, text in (*given, *_TURNS[:3])]
        text = self.text(turns)
        kept = {role for role, spaced in turns[:-1] if spaced in text}
        trim = [role for role in dict.fromkeys(r for r, _ in turns) if role not in kept]
        return replace(layout, trim=tuple(trim))

    def _with_later_system(self, layout: Layout) -> Layout:
        turns = [*_TURNS[:2], ("system", _SYSTEM), _TURNS[2]]
        try:
            pieces = self._pieces(turns)
        except (_NoLayout, TemplateError):
            return layout
        before, after = pieces[2], pieces[3]
        if not (before.startswith(layout.assistant[1]) and after.endswith(layout.user[0])):
            return layout
        pair = (
            before.removeprefix(layout.assistant[1]),
            after[: len(after) - len(layout.user[0])],
        )
        return replace(layout, later_system=pair)

    def proves(self, layout: Layout, conversations: Iterable[list[Turn]]) -> bool:
        """Say whether the layout gives the template's text for every conversation it takes."""
        return all(
            self._same(layout, turns, inference=inference)
            for turns in conversations
            for inference in (True, False)
            if not (inference and turns[-1][0] == "assistant")
        )

    def _same(self, layout: Layout, turns: list[Turn], *, inference: bool) -> bool:
        try:
            expected = self.text(turns, inference=inference)
        except TemplateError:
            return True
        return _written(layout, turns, inference=inference) == expected


def _conversations(layout: Layout, source: str) -> Iterator[list[Turn]]:
    """Yield what the layout must write like the template."""
    looks = _looks(source)
    for start in range(0, len(looks) + 5, 5):
        texts = looks[start - 5 : start] if start else _PLAIN
        whole = [texts[number % len(texts)] for number in range(5)]
        turns: list[Turn] = list(zip(_ROLES, whole, strict=False))
        yield from (turns[:count] for count in range(1, 6))
        if layout.system_place not in {"refuse", "ignore"}:
            yield [("system", whole[-1]), *turns]
            yield from ([("system", text), *turns[:1]] for text in whole)
    yield _TURNS * 3
    yield _TURNS[1:]
    yield [(role, "") for role, _ in _TURNS]


def _looks(source: str) -> list[str]:
    """Make texts of what the template may look for: its literals, and blocks of its tags."""
    from ._sandbox import literals

    words = sorted(word for word in literals(source) if len(word) <= _LONGEST_WORD)
    tags = {tag for word in words for tag in _CLOSING.findall(word)} | {"think"}
    blocks = [f"<{tag}>\nhm\n</{tag}>\n\nso" for tag in sorted(tags)]
    return [f"x{word}y{word}z" for word in words] + blocks * 2


def _with_system_later(layout: Layout) -> Iterator[list[Turn]]:
    for word in _PLAIN:
        later = ("system", word)
        yield [*_TURNS[:2], later, _TURNS[2]]
        yield [*_TURNS[:4], later, _TURNS[4]]
        if layout.system_place not in {"refuse", "ignore"}:
            yield [("system", "x"), *_TURNS[:2], later, *_TURNS[2:5]]


def _with_head(layout: Layout, head: str) -> Layout:
    """Take what opens a prompt apart: what always stands there and the first user's piece."""
    if head.endswith(layout.user[0]):
        return replace(layout, begin=head[: len(head) - len(layout.user[0])])
    return replace(layout, first_user=head)


def _with_first_system(layout: Layout, head: str, before: str, after: str) -> Layout:
    """Place a system text that stands before the first user's."""
    first = layout.user[0] if layout.first_user is None else layout.first_user
    if after.endswith(first) and first:
        begin = layout.begin if before.startswith(layout.begin) else ""
        none = layout.begin.removeprefix(begin)
        system = (before.removeprefix(begin), after[: len(after) - len(first)])
        return replace(layout, begin=begin, no_system=none, system=system)
    if before.startswith(head):
        system = (before.removeprefix(head), after)
        return replace(layout, system=system, system_place="first_user")
    if layout.user[0] and after.endswith(layout.user[0]) and head.endswith(layout.user[0]):
        raise _NoLayout
    return replace(layout, begin="", no_system=head, first_user="", system=(before, after))


def _split(text: str, marks: Sequence[str]) -> list[str]:
    """Give what stands around marks that each stand in a text once, in this order."""
    pieces: list[str] = []
    for mark in marks:
        if text.count(mark) != 1:
            raise _NoLayout
        piece, _, text = text.partition(mark)
        pieces.append(piece)
    return [*pieces, text]


def _written(layout: Layout, turns: list[Turn], *, inference: bool) -> str:
    system = turns[0][1] if turns[0][0] == "system" else ""
    rest = turns[1:] if system else turns
    parts = layout.renderer.parts(rest, system, inference=inference, escape="off", bos=True)
    return "".join(parts.pieces)
