"""Find the pieces of a Jinja chat template by rendering marked conversations."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from chatadapters._errors import TemplateError

from ._answers import renderer_of, written
from ._candidates import Rules, same_name, strips, untouched
from ._fields import INSIDE, LATER, MERGED
from ._layout import Layout
from ._marks import ANSWER, LONGEST_WORD, MARKS, SPACED, SYSTEM, THOUGHT, TURNS
from ._pieces import (
    NoLayoutError,
    common_end,
    common_start,
    shared_start,
    split,
    usual,
    with_first_system,
    with_head,
)
from ._render import ORDINARY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ._answers import Answers
    from ._fields import SystemPlace
    from ._render import Turn
    from ._texts import Kind


class Prober:
    """Finds the layout that marked conversations show.

    Args:
        answers: What the template writes.
        closing: The kind of closing answer that is looked at on its own.
    """

    def __init__(self, answers: Answers, closing: Kind = "last") -> None:
        self._answers = answers
        self._closing: Kind = closing

    def _text(self, turns: Sequence[Turn], *, inference: bool = True) -> str:
        return self._answers.text(turns, inference=inference)

    def _pieces(self, turns: Sequence[Turn], *, inference: bool = True) -> list[str]:
        return split(self._text(turns, inference=inference), [text for _, text in turns if text])

    def layout(self) -> Layout:
        """Make the layout that marked conversations show."""
        head, over, back, over2, back2, generation = self._pieces(TURNS)
        if (over, back) != (over2, back2):
            raise NoLayoutError
        user_end, assistant_end = self._ends(head, over, back, generation)
        bos = self._answers.template.bos if self._answers.template.opens_with_bos else ""
        layout = Layout(
            user=(back.removeprefix(assistant_end), user_end),
            assistant=(over.removeprefix(user_end), assistant_end),
            generation_prompt=generation.removeprefix(user_end),
            bos=bos,
        )
        layout = with_head(layout, head.removeprefix(bos))
        layout = self._with_system(layout, head.removeprefix(bos), back)
        layout = self._with_dates(self._with_between(layout))
        layout = self._with_thinking(self._with_strip(layout))
        return self._with_later_system(layout)

    def _ends(self, head: str, over: str, back: str, generation: str) -> tuple[str, str]:
        """Find where the text between two turns is divided: what ends the one, opens the other."""
        again = self._again("user")
        opening = common_end([head, back, *again])
        end = self._pieces(TURNS[:1], inference=False)[-1]
        following = [over, generation, *again]
        ends = [end, *(text.removesuffix(opening) for text in again if opening)]
        fitting = (end for end in ends if all(text.startswith(end) for text in following))
        user_end = next(fitting, None)
        if user_end is None:
            user_end = common_start([end, *following])
        assistant_end = self._pieces(TURNS[:2], inference=False)[-1]
        if assistant_end and back.startswith(assistant_end):
            return user_end, assistant_end
        if opening:
            return user_end, back.removesuffix(opening)
        return user_end, common_start([back, assistant_end])

    def _again(self, role: str) -> list[str]:
        """Give the text between two turns of one role, if the template takes them."""
        turns = [*TURNS[:1], ("assistant", MARKS[2]), ("assistant", MARKS[4]), TURNS[2]]
        if role == "user":
            turns = [TURNS[0], TURNS[2]]
        try:
            return [self._pieces(turns)[len(turns) // 2]]
        except (NoLayoutError, TemplateError):
            return []

    def _with_between(self, layout: Layout) -> Layout:
        """Find the neighbours that have other text between them than the layout says."""
        found: dict[tuple[str, str], str] = {}
        for before, after, text in self._neighbours(layout):
            first, second = ORDINARY.get(before, before), ORDINARY.get(after, after)
            if text != found.get((first, second), usual(layout, first, second)):
                found[before, after] = text
        return replace(layout, between=tuple((*pair, text) for pair, text in found.items()))

    def _neighbours(self, layout: Layout) -> Iterator[tuple[str, str, str]]:
        """Yield two neighbours and the text between them, the ordinary ones first."""
        user, assistant = TURNS[0], TURNS[1]
        for role in ("user", "assistant"):
            yield from ((role, role, text) for text in self._again(role))
        yield "user", "end", self._pieces([user], inference=False)[-1]
        yield from self._start(layout)
        _, over, end = self._pieces([user, assistant], inference=False)
        yield "assistant", "end", end
        yield "user", self._closing, over
        with suppress(NoLayoutError, TemplateError):
            turns = [user, assistant, ("assistant", MARKS[4])]
            yield "assistant", self._closing, self._pieces(turns, inference=False)[2]
        yield from self._empty(layout)

    def _start(self, layout: Layout) -> Iterator[tuple[str, str, str]]:
        try:
            head = self._pieces(TURNS[1:3])[0]
        except (NoLayoutError, TemplateError):
            return
        always = layout.bos + layout.begin + layout.no_system * (layout.system_place == "block")
        if not head.startswith(always):
            raise NoLayoutError
        yield "start", "assistant", head[len(always) :]

    def _empty(self, layout: Layout) -> Iterator[tuple[str, str, str]]:
        try:
            both = self._pieces([TURNS[0], ("assistant", ""), TURNS[2]])[1]
            end = self._pieces([TURNS[0], ("assistant", "")], inference=False)[-1]
        except (NoLayoutError, TemplateError):
            return
        over, back = usual(layout, "user", "assistant"), usual(layout, "assistant", "user")
        last = {(b, a): text for b, a, text in layout.between}.get(("user", self._closing), over)
        if both == over + back and end.startswith(last):
            return
        kept = shared_start([both[::-1], back[::-1]])[::-1]
        before = both[: len(both) - len(kept)]
        if end.startswith(before):
            yield "user", "empty", before
            yield "empty", "user", kept
            yield "empty", "end", end[len(before) :]

    def _with_dates(self, layout: Layout) -> Layout:
        texts = repr(layout)
        dates = ((f"{{date:{form}}}", form) for form in sorted(self._answers.forms))
        return replace(layout, dates=tuple(date for date in dates if date[0] in texts))

    def _with_strip(self, layout: Layout) -> Layout:
        """See whose texts lose which white space around them."""
        roles = ["user", "assistant", self._closing]
        if layout.system_place not in {"refuse", "ignore"}:
            roles.insert(0, "system")
        for role in roles:
            turns = TURNS[:2] if role == self._closing else TURNS[:5]
            turns = [("system", SYSTEM)] * (role == "system") + turns
            spaced = 0 if role in {"system", "user"} else 1
            turns = [
                (r, SPACED.format(t) if number == spaced else t)
                for number, (r, t) in enumerate(turns)
            ]
            layout = self._first(strips(layout, role), [turns])
        return self._with_blank(self._with_merged(layout))

    def _with_merged(self, layout: Layout) -> Layout:
        """See whether a system text inside a turn is stripped as one with the turn's text."""
        if layout.system_place not in INSIDE:
            return layout
        merged = replace(layout, trim=(*layout.trim, MERGED))
        texts = (SPACED.format(MARKS[1]), "")
        asked: list[list[Turn]] = [[("system", SYSTEM), ("user", text)] for text in texts]
        return self._first([layout, merged], asked)

    def _with_blank(self, layout: Layout) -> Layout:
        """See what stands for a system text of white space alone."""
        if layout.system_place in {"refuse", "ignore"}:
            return layout
        turns = [("system", " \n"), TURNS[0]]
        if self._writes(layout, [turns]):
            return layout
        head = split(self._text(turns), MARKS[1:2])[0]
        first = layout.user[0] if layout.first_user is None else layout.first_user
        start, end = layout.bos + layout.begin, first
        if layout.system_place in INSIDE:
            start, end = start + first, ""
        blank = head.removeprefix(start).removesuffix(end)
        if start + blank + end != head:
            raise NoLayoutError
        return replace(layout, blank_system=blank)

    def _first(self, candidates: Iterable[Layout], conversations: list[list[Turn]]) -> Layout:
        """Give the first layout that writes some conversations as the template does."""
        expected: list[tuple[list[Turn], str]] = []
        for turns in conversations:
            with suppress(TemplateError):
                expected.append((turns, self._text(turns, inference=False)))
        for layout in candidates:
            renderer = renderer_of(layout)
            if all(written(renderer, t, inference=False) == text for t, text in expected):
                return layout
        raise NoLayoutError

    def _with_thinking(self, layout: Layout) -> Layout:
        """See what becomes of reasoning in answers, for everything that may end it."""
        found = {
            word for word in self._answers.template.looked().words if len(word) <= LONGEST_WORD
        }
        words = sorted(found - {""}, key=lambda word: (word.strip() != word, len(word), word))
        asked: tuple[tuple[Kind, list[Turn]], ...]
        asked = (("assistant", TURNS[:5]), (self._closing, TURNS[:2]))
        for kind, turns in asked:
            if not self._writes(layout, [_answered(turns, " x ".join(words))]):
                layout = self._with_rule(layout, kind, turns, words)
        return layout

    def _with_rule(self, layout: Layout, kind: Kind, turns: list[Turn], words: list[str]) -> Layout:
        """Find the string that ends reasoning, and what the template does with it."""
        for close in words:
            rules = Rules(kind, close, [word for word in words if same_name(word, close)])
            asked = [_answered(turns, text) for text in rules.texts()]
            if self._writes(layout, asked[:1]):
                continue
            around = self._around_thought(layout, turns, rules)
            added = (
                replace(layout, thinking=(*layout.thinking, rule))
                for rule in rules.candidates(*around)
            )
            return self._first(chain(untouched(layout, kind), added), asked)
        return layout

    def _writes(self, layout: Layout, conversations: list[list[Turn]]) -> bool:
        with suppress(NoLayoutError):
            return self._first([layout], conversations) is layout
        return False

    def _around_thought(
        self, layout: Layout, turns: list[Turn], rules: Rules
    ) -> tuple[str | None, str, str | None]:
        """Find what a template writes before and after reasoning that it keeps."""
        thought = f"{rules.open}{THOUGHT}{rules.close}"
        text = self._text(_answered(turns, thought + ANSWER), inference=False)
        if THOUGHT not in text:
            return None, "", None
        _, before, between, after = split(text, [MARKS[1], THOUGHT, ANSWER])
        if not before.startswith(layout.user[1]):
            raise NoLayoutError
        alone = self._text(_answered(turns, thought), inference=False).partition(THOUGHT)[2]
        ending = alone.removesuffix(after) if alone.endswith(after) else between
        return before.removeprefix(layout.user[1]), between, None if ending == between else ending

    def _with_system(self, layout: Layout, head: str, back: str) -> Layout:
        turns = [("system", SYSTEM), *TURNS]
        try:
            text = self._text(turns)
        except TemplateError:
            return replace(layout, system_place="refuse")
        order = sorted(MARKS, key=text.find)
        if SYSTEM not in text:
            return replace(layout, system_place="ignore")
        pieces = split(text, order)
        at = order.index(SYSTEM)
        before, after = pieces[at], pieces[at + 1]
        if at == 0:
            return with_first_system(layout, head, before.removeprefix(layout.bos), after)
        if at == len(order) - 2 and before.startswith(back):
            system = (before.removeprefix(back), after)
            training = self._text([*turns[:1], *TURNS[:2]], inference=False)
            always = SYSTEM in training
            place: SystemPlace = "last_user" if always else "last_message"
            return replace(layout, system=system, system_place=place)
        raise NoLayoutError

    def _with_later_system(self, layout: Layout) -> Layout:
        turns = [*TURNS[:2], ("system", SYSTEM), TURNS[2]]
        try:
            _, _, before, after, _ = self._pieces(turns)
        except (NoLayoutError, TemplateError):
            return layout
        if not (before.startswith(layout.assistant[1]) and after.endswith(layout.user[0])):
            return layout
        end = len(after) - len(layout.user[0])
        later = replace(layout, later_system=(before[len(layout.assistant[1]) :], after[:end]))
        turns[2] = ("system", SPACED.format(SYSTEM))
        with suppress(NoLayoutError):
            return self._first(strips(later, LATER), [turns])
        return layout


def _answered(turns: list[Turn], text: str) -> list[Turn]:
    return [turns[0], ("assistant", text), *turns[2:]]
