"""The conversations on which a layout must say what its template says, misfits found first.

Every text stands once in every place where templates treat texts differently: as system text,
as first, middle and last text of a user, as middle and last answer. Texts are neighbours of
different ones each time, so that one cannot hide what another does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from ._marks import LONGEST_WORD, TURNS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._layout import Layout
    from ._looked import Looked
    from ._render import Turn

# The conversation, and whether the generation prompt stands at its end.
Case: TypeAlias = tuple[list["Turn"], bool]
_PLAIN = (
    "Hello",
    "  two  spaces ",
    "\r\n\n\ta\nb\n\n",
    "\xa0\x0b\u3000é 中文 <b> & 'q' \"d\" {{ x }} ſİ\u2028\x1f",
    "0",
    " \n",
    "",
)
_CLOSING = re.compile(r"</([^<>/\s]+)>")
_ORDERS = ("aua", "uu", "uua", "uaa", "uaau", "auuaau")
_LATER = {
    "anywhere": ("us", "uas", "usu", "usau", "uassu", "uasusasu"),
    "between": ("uasu", "uasua", "uasuasuasu", "aasuu", "uuasuaasu"),
}
_ROLES = {"u": "user", "a": "assistant", "s": "system"}
_LONGEST_TEXT, _MOST_TURNS, _LINKS = 10_000, 100, 8


def cases(layout: Layout, looked: Looked) -> Iterator[Case]:
    """Yield what a layout must write like its template, system messages at the beginning alone.

    Args:
        layout: The layout.
        looked: What the template may look for.
    """
    system = layout.system_place not in {"refuse", "ignore"}
    for count in range(1, 6):
        yield from _both(TURNS[:count])
        if system:
            yield from _both([("system", "x"), *TURNS[:count]])
    words = sorted(looked.words - {""})
    texts = [*_PLAIN, *_blocks(words), *_long(looked.numbers), *words]
    # What is longer is compared as a whole: a system text that a template brings itself.
    short = [word for word in words if len(word) <= LONGEST_WORD]
    texts += [f"x{word}y{word}z" for word in short]
    chain = [*texts, *(f"{word}x{word}" for word in short)]
    for start in range(0, len(chain), _LINKS):
        yield from _both(_exchanges(chain[start : start + _LINKS]))
    asked = [number for number in looked.numbers if len(_PLAIN) < number < _MOST_TURNS]
    if asked:
        yield from _both(_exchanges([*_PLAIN] * (max(asked) // 12 + 1)))
    yield from _orders(layout, _ORDERS)
    for number, text in enumerate(texts):
        following = [*texts[number + 1 :], *texts][:3]
        yield from _placed(text, following, system=system)


def later_cases(layout: Layout) -> Iterator[Case]:
    """Yield what a layout must write like its template, system messages between the turns."""
    yield from _orders(layout, _LATER[layout.later_place])
    turns = [(role, text) for text in _PLAIN for role in ("user", "assistant", "system") if text]
    yield from _both([*turns, TURNS[0]])
    yield from _both(turns[:-1])


def _both(turns: list[Turn]) -> Iterator[Case]:
    """Yield a conversation without, and where it is not the assistant's, with the prompt."""
    if turns[-1][0] != "assistant":
        yield turns, True
    yield turns, False


def _exchanges(texts: list[str]) -> list[Turn]:
    """Put texts into one conversation, each as a user's and as an answer."""
    return [(role, text) for text in texts for role in ("user", "assistant")]


def _placed(text: str, following: list[str], *, system: bool) -> Iterator[Case]:
    """Yield the conversations that have a text in a place of its own."""
    one, two, three = following
    yield [("user", text)], True
    yield [("user", one), ("assistant", text)], False
    if system and text:
        yield [("system", text), ("user", one), ("assistant", two), ("user", three)], True


def _orders(layout: Layout, orders: tuple[str, ...]) -> Iterator[Case]:
    """Yield other orders of roles, with and without system text."""
    for order in orders:
        turns = [(_ROLES[role], f"{_PLAIN[at % 3]}{at}") for at, role in enumerate(order)]
        yield from _both(turns)
        if layout.system_place == "block":
            yield [("system", "x"), *turns], turns[-1][0] != "assistant"


def _blocks(words: list[str]) -> Iterator[str]:
    """Yield blocks of the tags that a template may look for."""
    tags = {tag for word in words for tag in _CLOSING.findall(word)} | {"think"}
    for tag in sorted(tags):
        yield f"<{tag}>\nhm\n</{tag}>\n\nso"


def _long(numbers: frozenset[int]) -> Iterator[str]:
    """Yield texts that are longer than a template may count."""
    for number in sorted(numbers):
        if 2 < number <= _LONGEST_TEXT:  # noqa: PLR2004 - shorter than other texts are anyway
            yield "x" * (number + 1)
