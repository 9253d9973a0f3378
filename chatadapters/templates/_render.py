"""Put a conversation and a layout together: every piece of a prompt, in order."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise, product
from typing import TYPE_CHECKING, TypeAlias

from chatadapters._errors import TemplateError

from ._fields import CLOSING, KINDS, LATER, MERGED, ROLES
from ._guard import Change
from ._layout_guard import guard_of
from ._rendered import Parts
from ._texts import stripped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from ._guard import Escape, Guard
    from ._layout import Layout
    from ._texts import Thinking

Turn: TypeAlias = tuple[str, str]
ORDINARY: dict[str, str] = dict.fromkeys((*CLOSING, "empty"), "assistant") | {LATER: "system"}


class Renderer:
    """Writes conversations in one layout.

    Args:
        layout: The fixed text.
        now: Gives the date; the present one by default.
    """

    def __init__(self, layout: Layout, now: Callable[[], datetime] | None = None) -> None:
        around = {"user": layout.user, "assistant": layout.assistant}
        if layout.later_system is not None:
            around["system"] = layout.later_system
        self._layout = layout
        self._now = now or _today
        self._around = {role: [before, "", after] for role, (before, after) in around.items()}
        self._exchange = self._around["user"] + self._around["assistant"]
        self._between = all_pairs(layout)
        self._strip = {role: (left, right) for role, left, right in layout.strip}
        self._strip |= dict.fromkeys(layout.trim, (None, None))
        self._thinking: dict[str, Thinking] = {rule.kind: rule for rule in layout.thinking}
        self._strips_all = set(layout.trim) == set(ROLES) and not layout.strip
        self._strips_merged = MERGED in layout.trim
        self._closing = layout.closing
        self._has_empty = any("empty" in pair for pair in self._between)

    @cached_property
    def _guard(self) -> Guard:
        return guard_of(self._layout)

    def parts(
        self,
        system: str,
        roles: Sequence[str],
        texts: Sequence[str],
        *,
        inference: bool,
        escape: Escape,
        bos: bool,
    ) -> Parts:
        """Give the pieces of a prompt.

        Args:
            system: The system text, `""` for none.
            roles: The role of each turn.
            texts: The text of each turn.
            inference: Whether the assistant is to speak next: a last assistant turn is left
                open, to be continued, and after any other the generation prompt stands.
            escape: What happens to control tokens in the texts.
            bos: Whether to write the beginning-of-sequence token.

        Raises:
            TemplateError: If the layout has no place for a role or for the system text.
            InjectionError: If a text must not stand there and `escape` is `"error"`.
        """
        layout = self._layout
        pieces = self._frame(roles)
        if system and layout.system_place == "refuse":
            raise TemplateError(
                f"{_named(layout)} has no system role: "
                "put the text into the first user message or choose another template"
            )
        kinds = self._kinds(roles)
        clean = [system, *texts]
        thoughts = self._trimmed(clean, kinds)
        given = bool(system)
        place = self._system_turn(roles)
        if place is not None and self._strips_merged and self._system_text(clean[0], given=given):
            clean[place + 1] = texts[place].rstrip()
        changes = [] if escape == "off" else self._guard.clean_all(clean, roles, escape)
        system, *pieces[1::3] = clean
        if layout.first_user is not None and roles and roles[0] == "user":
            pieces[0] = layout.first_user
        if self._between and roles:
            self._join(kinds, pieces, inference=inference)
        for number, thought in thoughts.items():
            changes += self._think(number, kinds[number], thought, pieces, escape)
        if layout.dates and roles:
            pieces[0] = self._dated(pieces[0])
        begin = (layout.bos if bos else "") + self._dated(layout.begin)
        head = begin + self._place(self._system_text(system, given=given), place, pieces)
        tail = layout.generation_prompt if inference else ""
        if inference and roles and roles[-1] == "assistant":
            pieces[-1] = tail = ""
        pieces.insert(0, head)
        pieces.append(tail)
        return Parts(roles, pieces, changes)

    def _frame(self, roles: Sequence[str]) -> list[str]:
        """Give what stands before and after each text, and an empty place for it."""
        turns = len(roles)
        alternating = roles[0::2].count("user") + roles[1::2].count("assistant") == turns
        if alternating:  # nearly always, and many times faster
            return (self._exchange * (turns // 2 + 1))[: 3 * turns]
        self._check(roles)
        return [piece for role in roles for piece in self._around[role]]

    def _check(self, roles: Sequence[str]) -> None:
        for role in roles:
            if role not in ROLES:
                raise TemplateError(
                    f"role {role!r} has no place in a template: "
                    "give 'system', 'user' or 'assistant'"
                )
        layout = self._layout
        around = zip(("start", *roles), roles, (*roles[1:], "end"), strict=False)
        for number, (before, role, after) in enumerate(around):
            between = layout.later_place == "between" and (before, after) != ("assistant", "user")
            if role == "system" and (layout.later_system is None or between):
                more = " or between an answer and a user's message" if layout.later_system else ""
                raise TemplateError(
                    f"{_named(layout)} takes a system message only at the beginning{more}, "
                    f"not as turn {number} (from 0)"
                )

    def _system_text(self, system: str, *, given: bool) -> str:
        """Put the fixed text around the system text, or give what stands there without one."""
        layout = self._layout
        if system:
            before, after = map(self._dated, layout.system)
            return before + system + after
        blank = given and layout.blank_system is not None
        return self._dated((layout.blank_system or "") if blank else layout.no_system)

    def _system_turn(self, roles: Sequence[str]) -> int | None:
        """Give the number of the turn that the system text is put into, if there is one."""
        place = self._layout.system_place
        if place == "first_user" and "user" in roles:
            return roles.index("user")
        if place == "last_user" and "user" in roles:
            return _last(roles, "user")
        last = place == "last_message" and roles and roles[-1] == "user"
        return len(roles) - 1 if last else None

    def _place(self, text: str, turn: int | None, pieces: list[str]) -> str:
        """Give the system block, or put it into the user's turn where it belongs."""
        layout = self._layout
        if layout.system_place == "block":
            return text
        if turn is not None:
            answer = 3 * turn + 1
            if self._strips_merged and text:
                text = text.lstrip()
                pieces[answer] = pieces[answer] if text else pieces[answer].lstrip()
                text = text if pieces[answer] else text.rstrip()
            pieces[answer - 1] += text
        elif text and layout.system_place in {"first_user", "last_user"}:
            raise TemplateError(
                f"{_named(layout)} writes the system text into a user message: there is none"
            )
        return ""

    def _kinds(self, roles: Sequence[str]) -> Sequence[str]:
        """Give what each turn is: its role, or the special case that the layout knows."""
        if not self._closing or "assistant" not in roles:
            return roles
        if self._closing != "newest" and roles[-1] != "assistant":
            return roles
        last = _last(roles, "assistant")
        kinds = [*roles[:last], self._closing, *roles[last + 1 :]]
        while self._closing == "reply" and last > 0 and roles[last - 1] == "assistant":
            last -= 1
            kinds[last] = self._closing
        return kinds

    def _trimmed(self, texts: list[str], kinds: Sequence[str]) -> dict[int, str]:
        """Strip the system text and those of the turns in place; give the reasoning of turns."""
        thoughts: dict[int, str] = {}
        if self._strips_all and not self._thinking:
            texts[:] = map(str.strip, texts)
            return thoughts
        if not (self._strip or self._thinking):
            return thoughts
        for number, kind in enumerate(["system", *kinds]):
            place = LATER if number and kind == "system" else kind
            strip = self._strip.get(place) or self._strip.get(ORDINARY.get(place, ""))
            if strip:
                texts[number] = stripped(texts[number], *strip)
            rule = self._thinking.get(kind)
            if rule:
                thought, texts[number] = rule.split(texts[number])
                if thought:
                    thoughts[number - 1] = thought
        return thoughts

    def _join(self, kinds: Sequence[str], pieces: list[str], *, inference: bool) -> None:
        """Put the fixed text that particular neighbours have between them."""
        line = ["start", *kinds, "prompt" if inference else "end"]
        if self._has_empty:
            for number, kind in enumerate(kinds):
                if kind in {"assistant", *CLOSING} and not pieces[3 * number + 1]:
                    line[number + 1] = "empty"
        for number, pair in enumerate(pairwise(line)):
            text = self._between.get(pair)
            if text is None:
                continue
            at = 3 * number - 1
            if number == 0:
                pieces[0] = text
            elif number == len(kinds):
                pieces[at] = text
            else:
                pieces[at] = pieces[at] if text.startswith(pieces[at]) else ""
                pieces[at + 1] = text.removeprefix(pieces[at])

    def _think(
        self, turn: int, kind: str, thought: str, pieces: list[str], escape: Escape
    ) -> list[Change]:
        """Write the reasoning of one turn before its answer."""
        rule = self._thinking[kind]
        found: list[str] = []
        if escape != "off":
            thought, found = self._guard.clean(thought, escape)
        answer = pieces[3 * turn + 1]
        between = rule.between if answer or rule.alone is None else rule.alone
        pieces[3 * turn] = rule.before or ""
        pieces[3 * turn + 1] = thought + between + answer
        return [Change(turn, "assistant", token) for token in found]

    def _dated(self, text: str) -> str:
        """Put today's date where its placeholders stand."""
        for placeholder, form in self._layout.dates:
            if placeholder in text:
                text = text.replace(placeholder, self._now().strftime(form))
        return text


def all_pairs(layout: Layout) -> dict[tuple[str, str], str]:
    """Write out `between`: where a special case is not named, the ordinary one counts."""
    given = {(before, after): text for before, after, text in layout.between}
    named = {kind for pair in given for kind in pair} | {layout.closing}
    kinds = [kind for kind in KINDS if kind in named]
    pairs: dict[tuple[str, str], str] = {}
    for before, after in product(kinds, kinds):
        first, second = ORDINARY.get(before, before), ORDINARY.get(after, after)
        for pair in ((before, after), (first, after), (before, second), (first, second)):
            if pair in given:
                pairs[before, after] = given[pair]
                break
    return pairs


def _today() -> datetime:
    from datetime import datetime

    return datetime.now()


def _last(roles: Sequence[str], role: str) -> int:
    return len(roles) - 1 - roles[::-1].index(role)


def _named(layout: Layout) -> str:
    return f"template {layout.name!r}" if layout.name else "this template"
