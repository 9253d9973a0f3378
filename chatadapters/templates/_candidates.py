"""The rules that a Jinja template may have for its texts: what the prober tries, in order."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Literal

from ._fields import CLOSING, LATER
from ._texts import Thinking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._layout import Layout
    from ._texts import Kind

_ENDS: tuple[tuple[str | None, str | None], ...] = (
    ("", ""), (None, None), ("", None), (None, ""), ("\n", ""), ("", "\n"), ("\n", "\n"),
)  # fmt: skip


class Rules:
    """What may become of reasoning that one string ends."""

    def __init__(self, kind: Kind, close: str, opens: list[str]) -> None:
        self._kind: Kind = kind
        self.close = close
        self.open = opens[0] if opens else ""

    def texts(self) -> list[str]:
        """Give answers that tell the candidates apart."""
        a, z = self.open, self.close
        return [
            f"x{z}y{z}z",
            f"{a}\nhm\n{z}\n\nso",
            f"{a} \n hm \n {z} \n so \n ",
            f"pre{a}hm{z}so",
            f"{a}\n\n{z}\n\nso",
            f"{a}a{z}b{a}c{z}d",
            f"{z}so",
            f"a{z}",
            f"a{a}b",
        ]

    def candidates(self, before: str | None, between: str, alone: str | None) -> Iterator[Thinking]:
        """Yield every rule that the text around the reasoning leaves open."""
        cuts: tuple[Literal["first", "last", "each"], ...] = ("last", "first", "each")
        for cut, strip, trim in product(cuts, _ENDS, ("", None, "\n")):
            if not (before is None and trim != "") and not (cut == "each" and not self.open):
                yield Thinking(
                    self._kind, self.close, self.open, cut, before, between, alone, strip, trim
                )


def untouched(layout: Layout, kind: Kind) -> Iterator[Layout]:
    """Yield the layout that treats the closing answer apart, and does nothing with it."""
    if kind in CLOSING:
        strip = (None, None) if "assistant" in layout.trim else ("", "")
        yield replace(layout, strip=(*layout.strip, (kind, *strip)))


def strips(layout: Layout, role: str) -> Iterator[Layout]:
    """Yield a layout with every way to strip the texts of a role."""
    plain = {name: (left, right) for name, left, right in layout.strip}
    plain |= dict.fromkeys(layout.trim, (None, None))
    apart = role in {*CLOSING, LATER}
    already = plain.get("system" if role == LATER else "assistant") if apart else None
    yield layout
    for left, right in _ENDS:
        if (left, right) == already:
            continue
        if (left, right) == (None, None) and not apart:
            yield replace(layout, trim=(*layout.trim, role))
        else:
            yield replace(layout, strip=(*layout.strip, (role, left, right)))


def same_name(word: str, close: str) -> bool:
    """Say whether two strings are alike but for punctuation: `<think>`, `</think>`."""
    return word != close and re.sub(r"\W", "", word) == re.sub(r"\W", "", close)
