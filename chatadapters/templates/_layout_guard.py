"""The guard that a layout needs: its tokens and labels, and what its fixed text could complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._fold import fold
from ._guard import Guard
from ._patterns import folded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._layout import Layout


def guard_of(layout: Layout) -> Guard:
    """Make the guard that a layout needs."""
    tokens = dict.fromkeys((*layout.special_tokens, *layout.reserved, layout.bos))
    whole = [token for token in tokens if token]
    labels = layout.labels
    starts, ends = _edges(layout, [*whole, *labels])
    return Guard(whole, labels, layout.inline_labels(), starts, ends)


def _edges(layout: Layout, strings: Sequence[str]) -> tuple[set[str], set[str]]:
    """Find how the fixed text beside a text could be a part of a control token."""
    joints = {fold(text)[0] for text in layout.joints()}
    before = {fold(text)[0] for text in layout.heads()} | joints
    starts: set[str] = set()
    ends: set[str] = set()
    for string in folded(strings):
        for cut in range(1, len(string)):
            first, rest = string[:cut], string[cut:]
            if any(text.endswith(first) for text in before):
                starts.add(rest[0])
            if any(text.startswith(rest) or rest.startswith(text) for text in joints):
                ends.add(first)
    return starts, ends
