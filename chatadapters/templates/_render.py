"""Put a conversation and a layout together: every piece of a prompt, in order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

from chatadapters._errors import TemplateError

from ._guard import guard_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._guard import Change, Escape
    from ._layout import Layout

Turn: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class Rendered:
    """A prompt and what is known about it.

    Attributes:
        prompt: The text.
        changes: What was broken or stripped out of the conversation's text.
        replies: Where the assistant's texts stand in the prompt, each with what ends it, as
            `(start, stop)`: what a model is trained on.
    """

    prompt: str
    changes: tuple[Change, ...] = ()
    replies: tuple[tuple[int, int], ...] = ()


@dataclass
class Parts:
    """A prompt before it is joined: head, then before, text, after of each turn, then the tail."""

    roles: list[str]
    pieces: list[str]
    changes: list[Change]

    def rendered(self) -> Rendered:
        """Join the pieces and say where the assistant's are."""
        edges = [0, *accumulate(map(len, self.pieces))]
        replies = [
            (edges[3 * number + 2], edges[3 * number + 4])
            for number, role in enumerate(self.roles)
            if role == "assistant"
        ]
        return Rendered("".join(self.pieces), tuple(self.changes), tuple(replies))


class Renderer:
    """Writes conversations in one layout.

    Args:
        layout: The fixed text.
    """

    def __init__(self, layout: Layout) -> None:
        around = {"user": layout.user, "assistant": layout.assistant}
        if layout.later_system is not None:
            around["system"] = layout.later_system
        self._layout = layout
        self._before = {role: pair[0] for role, pair in around.items()}
        self._after = {role: pair[1] for role, pair in around.items()}
        self._guard = guard_of(layout)

    def parts(
        self, turns: Sequence[Turn], system: str, *, inference: bool, escape: Escape, bos: bool
    ) -> Parts:
        """Give the pieces of a prompt.

        Args:
            turns: Role and text of each turn.
            system: The system text, `""` for none.
            inference: Whether the assistant is to speak next: a last assistant turn is left
                open, to be continued, and after any other the generation prompt stands.
            escape: What happens to control tokens in the texts.
            bos: Whether to write the beginning-of-sequence token.

        Raises:
            TemplateError: If the layout has no place for a role or for the system text.
            InjectionError: If a text must not stand there and `escape` is `"error"`.
        """
        layout = self._layout
        roles = [role for role, _ in turns]
        self._check(roles, system)
        texts = self._texts(turns, system)
        changes = self._guard.clean_all(texts, ["system", *roles], escape)
        system, *texts = texts
        pieces = [""] * (3 * len(roles))
        pieces[0::3] = map(self._before.__getitem__, roles)
        pieces[1::3] = texts
        pieces[2::3] = map(self._after.__getitem__, roles)
        if layout.first_user is not None and roles and roles[0] == "user":
            pieces[0] = layout.first_user
        head = (layout.bos if bos else "") + layout.begin + self._place(system, roles, pieces)
        tail = layout.generation_prompt if inference else ""
        if inference and roles and roles[-1] == "assistant":
            pieces[-1] = tail = ""
        return Parts(roles, [head, *pieces, tail], changes)

    def _check(self, roles: list[str], system: str) -> None:
        layout = self._layout
        strange = set(roles) - self._before.keys()
        if strange - {"system"}:
            role = next(role for role in roles if role in strange - {"system"})
            raise TemplateError(
                f"role {role!r} has no place in a template: give 'system', 'user' or 'assistant'"
            )
        if strange:
            raise TemplateError(
                f"{_named(layout)} takes a system message only at the beginning, "
                f"not as message {roles.index('system') + 1} of the turns"
            )
        if system and layout.system_place == "refuse":
            raise TemplateError(
                f"{_named(layout)} has no system role: "
                "put the text into the first user message or choose another template"
            )

    def _place(self, system: str, roles: list[str], pieces: list[str]) -> str:
        """Give the system block, or put the text into the user turn where it belongs."""
        layout = self._layout
        before, after = layout.system
        text = before + system + after if system else layout.no_system
        if layout.system_place == "block":
            return text
        if layout.system_place in {"first_user", "last_user"} and text:
            if "user" not in roles:
                raise TemplateError(
                    f"{_named(layout)} writes the system text into a user message: there is none"
                )
            first = layout.system_place == "first_user"
            number = roles.index("user") if first else len(roles) - 1 - roles[::-1].index("user")
            pieces[3 * number] += text
        return ""

    def _texts(self, turns: Sequence[Turn], system: str) -> list[str]:
        """Give the system text and those of the turns, trimmed."""
        trim = self._layout.trim
        texts = [system, *(text for _, text in turns)]
        if trim:
            roles = ("system", *(role for role, _ in turns))
            texts = [t.strip() if r in trim else t for r, t in zip(roles, texts, strict=True)]
        return texts


def _named(layout: Layout) -> str:
    return f"template {layout.name!r}" if layout.name else "this template"
