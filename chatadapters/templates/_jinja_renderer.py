"""Write conversations with a Jinja template: texts are made harmless before it and behind it."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from chatadapters._errors import InjectionError, TemplateError

from ._guard import Change, Guard
from ._layout import tokens_in
from ._rendered import Parts
from ._spans import end_of_last, reply_spans

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._guard import Escape
    from ._jinja import JinjaLayout
    from ._render import Turn
    from ._spans import Span


class JinjaRenderer:
    """Writes conversations with one Jinja template.

    Args:
        layout: The template.
    """

    def __init__(self, layout: JinjaLayout) -> None:
        known = (*layout.special_tokens, *layout.reserved, layout.bos, layout.eos)
        tokens = {token for token in known if token}
        self._layout = layout
        self._guard = Guard(tokens, layout.labels, layout.labels)
        self._halved = _halving(layout.jinja, tokens)

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
        """Give the prompt as one piece; as `Renderer.parts` does otherwise."""
        layout = self._layout
        _check(roles)
        guarded = [system, *texts]
        changes = self._guard.clean_all(guarded, roles, escape)
        turns = list(zip(["system", *roles], guarded, strict=True))[0 if system else 1 :]
        resumed = inference and bool(roles) and roles[-1] == "assistant"
        write = partial(layout.text, inference=inference and not resumed)
        prompt = write(turns)
        if escape != "off" and self._joins(turns, prompt, write):
            if escape == "error":
                raise InjectionError("the chat template joins halves of a control token in a text")
            changes += self._halve(turns, first=-1 if system else 0)
            prompt = write(turns)
        left_out = layout.bos if layout.opens_with_bos and not bos else ""
        start = len(left_out) if prompt.startswith(left_out) else 0
        stop = end_of_last(layout, turns, prompt) if resumed else len(prompt)

        def replies() -> tuple[Span, ...] | None:
            spans = reply_spans(layout, turns, prompt, inference=write.keywords["inference"])
            return spans and tuple((one - start, min(two, stop) - start) for one, two in spans)

        return Parts(roles, [prompt[start:stop]], changes, replies)

    def _joins(self, turns: list[Turn], prompt: str, write: Callable[[list[Turn]], str]) -> bool:
        """Say whether the template makes control tokens by taking something out of texts.

        It does not where all texts stand in the prompt as they are and all tokens around them;
        it does where texts whose every possible half is broken give fewer tokens.
        """
        tokens = len(self._guard.find(prompt))
        around = _without_texts(prompt, turns)
        if around is not None and len(self._guard.find(around)) == tokens:
            return False
        halved = [(role, self._halved(text)) for role, text in turns]
        return halved != turns and len(self._guard.find(write(halved))) < tokens

    def _halve(self, turns: list[Turn], first: int) -> list[Change]:
        """Break every possible half of a control token, in place."""
        changes: list[Change] = []
        for number, (role, text) in enumerate(turns):
            turns[number] = (role, self._halved(text))
            if turns[number][1] != text:
                turn = number + first
                changes.append(Change(turn if turn >= 0 else None, role, text))
        return changes


def _without_texts(prompt: str, turns: list[Turn]) -> str | None:
    """Put a quotation mark for each text, if all stand in the prompt as they are."""
    pieces: list[str] = []
    for text in filter(None, (text.strip() for _, text in turns)):
        piece, found, prompt = prompt.partition(text)
        if not found:
            return None
        pieces.append(piece)
    return '"'.join([*pieces, prompt])


def _halving(source: str, tokens: set[str]) -> Callable[[str], str]:
    """Make what puts a space after each character that may begin a control token.

    Other tags, which the template may look for, stay whole.
    """
    tags = "|".join(map(re.escape, sorted(set(tokens_in(source)) - tokens, reverse=True)))
    firsts = "".join(re.escape(token[0]) for token in sorted(tokens))
    if not firsts:
        return str
    pattern = re.compile(f"({tags or '(?!)'})|[{firsts}]")
    return lambda text: pattern.sub(lambda match: match[1] or match[0] + " ", text)


def _check(roles: Sequence[str]) -> None:
    for role in roles:
        if role not in {"system", "user", "assistant"}:
            raise TemplateError(
                f"role {role!r} has no place in a template: give 'system', 'user' or 'assistant'"
            )
