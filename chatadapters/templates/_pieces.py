"""Cut the text of marked conversations into the pieces of a layout."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._layout import Layout

_BEGUN_TOKEN = re.compile(r"[<\[][^<>\[\]\s]*\Z")
_ENDED_TOKEN = re.compile(r"\A[^<>\[\]\s]*[>\]]+")


class NoLayoutError(Exception):
    """Never seen outside: this cannot be said in pieces."""


def split(text: str, marks: Sequence[str]) -> list[str]:
    """Give what stands around marks that each stand in a text once, in this order."""
    pieces: list[str] = []
    for mark in marks:
        if text.count(mark) != 1:
            raise NoLayoutError
        piece, _, text = text.partition(mark)
        pieces.append(piece)
    return [*pieces, text]


def with_head(layout: Layout, head: str) -> Layout:
    """Take what opens a prompt apart: what always stands there and the first user's piece."""
    if head.endswith(layout.user[0]):
        return replace(layout, begin=head[: len(head) - len(layout.user[0])])
    return replace(layout, first_user=head)


def with_first_system(layout: Layout, head: str, before: str, after: str) -> Layout:
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
        raise NoLayoutError
    return replace(layout, begin="", no_system=head, first_user="", system=(before, after))


def usual(layout: Layout, before: str, after: str) -> str:
    """Give the text between two neighbours where `between` says nothing."""
    around = {"user": layout.user, "assistant": layout.assistant}
    if before == "start" and after == "user" and layout.first_user is not None:
        return layout.first_user
    end = "" if before == "start" else around[before][1]
    return end + ("" if after == "end" else around[after][0])


def common_start(texts: Sequence[str]) -> str:
    """Give what texts begin with alike, no control token cut in two."""
    same = shared_start(texts)
    return same if {same} == set(texts) else _BEGUN_TOKEN.sub("", same)


def common_end(texts: Sequence[str]) -> str:
    """Give what texts end with alike, no control token cut in two."""
    same = shared_start([text[::-1] for text in texts])[::-1]
    return same if {same} == set(texts) else _ENDED_TOKEN.sub("", same)


def shared_start(texts: Sequence[str]) -> str:
    """Give what texts begin with alike."""
    first, last = min(texts), max(texts)
    sizes = range(len(first), -1, -1)
    return first[: next(size for size in sizes if last.startswith(first[:size]))]
