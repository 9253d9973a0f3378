"""No tag that embeds a page gets through, in whatever pieces it comes; all else does."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from chatadapters.ui._frames import FrameBreaker, whole

PIECES = st.lists(
    st.one_of(
        st.sampled_from(["<", "<i", "fr", "ame", "<IFRAME", "<obj", "ect>", "<embed ", "</"]),
        st.text(alphabet="<>abcdefimort /", max_size=8),
    )
)


@given(PIECES)
def test_no_tag_gets_through(pieces: list[str]) -> None:
    """What is shown has none, and is the text but for what breaks them."""
    breaker = FrameBreaker()
    shown = "".join(map(breaker.feed, pieces)) + breaker.flush()
    assert re.search("<(iframe|object|embed)", shown, re.IGNORECASE) is None
    assert whole(shown) == "".join(pieces)


def test_only_what_may_become_a_tag_is_held_back() -> None:
    """Ordinary text is shown at once, also with tags in it."""
    breaker = FrameBreaker()
    for piece in ("a < b", " <b>c</b>", "<img>", "if (a<", "i) {"):
        assert breaker.feed(piece) or piece == "if (a<"
    assert breaker.flush() == ""
