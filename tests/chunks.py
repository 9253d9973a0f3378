"""Ways to cut text or bytes into chunks, for whatever must not depend on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations, pairwise
from typing import TypeVar

T = TypeVar("T", str, bytes)


def cut(whole: T, cuts: Iterable[int]) -> list[T]:
    """Cut at these places; one twice gives an empty chunk, one beyond the end too."""
    edges = [0, *sorted(min(at, len(whole)) for at in cuts), len(whole)]
    return [whole[begin:end] for begin, end in pairwise(edges)]


def in_pieces(whole: T, size: int) -> list[T]:
    """Cut into chunks of one size."""
    return [whole[at : at + size] for at in range(0, len(whole), size)]


def every_chunking(whole: T) -> Iterator[list[T]]:
    """Give all `2 ** (len(whole) - 1)` ways to cut without an empty chunk."""
    places = range(1, len(whole))
    for many in range(len(whole)):
        for cuts in combinations(places, many):
            yield cut(whole, cuts)
