"""Every fuzz target holds for its seeds and for what hypothesis makes of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.seeds import SEEDS, WORDS
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds(name: str) -> None:
    """What fuzzing begins with holds, and what it found once."""
    for seed in SEEDS[name]:
        TARGETS[name](seed)


_PIECES = st.sampled_from([word.encode() for word in WORDS]) | st.binary(max_size=8)
_MADE = st.lists(_PIECES, max_size=30).map(b"".join)


@st.composite
def _changed(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """A seed with something put in somewhere, or left out."""
    seed = draw(st.sampled_from(seeds))
    begin = draw(st.integers(0, len(seed)))
    return seed[:begin] + draw(_MADE) + seed[draw(st.integers(begin, len(seed))) :]


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
def test_any_bytes(name: str, data: st.DataObject) -> None:
    """Whatever comes, the target holds."""
    TARGETS[name](data.draw(_MADE | _changed(SEEDS[name])))
