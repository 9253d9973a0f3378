"""Layouts and conversations made at random, with everything that a layout can say."""

from __future__ import annotations

from typing import Any, Literal

from hypothesis import strategies as st

from chatadapters import Message
from chatadapters.templates import Layout, Thinking

PIECES = st.lists(
    st.sampled_from(["<|a|>", "<|b|>", "\n", " ", "x", "'", "\\", "{{", "%}", "é", "\r", "[D]"]),
    max_size=3,
).map("".join)
AROUND = st.tuples(PIECES, PIECES)
ENDS = st.sampled_from(["", None, "\n", " x"])
TEXTS = st.lists(
    st.sampled_from(["a", "b c", "</t>", "<t>", "\n", " ", "{{ x }}", "é", "'", "\\n", "[D]"]),
    max_size=6,
).map("".join)


@st.composite
def thinking(draw: st.DrawFn, kind: Any) -> Thinking:
    """A rule for the reasoning in one kind of answer."""
    cuts: list[Literal["first", "last", "each"]] = ["first", "last", "each"]
    cut = draw(st.sampled_from(cuts))
    return Thinking(
        kind,
        "</t>",
        "<t>" if cut == "each" else draw(st.sampled_from(["", "<t>"])),
        cut,
        draw(st.none() | PIECES),
        draw(PIECES),
        draw(st.none() | PIECES),
        (draw(ENDS), draw(ENDS)),
        draw(ENDS),
    )


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """A layout of any shape."""
    closing = draw(st.sampled_from(["", "last", "reply", "newest"]))
    answers = ["assistant", closing] if closing else ["assistant"]
    kinds = ["start", "user", *answers, "empty", "end"]
    rows = st.tuples(st.sampled_from(kinds[:-1]), st.sampled_from(kinds[1:]), PIECES)
    strips = st.tuples(st.sampled_from(["system", "later", "user", *answers]), ENDS, ENDS)
    return Layout(
        user=draw(AROUND),
        assistant=draw(AROUND),
        generation_prompt=draw(PIECES),
        system=draw(AROUND),
        system_place=draw(
            st.sampled_from(
                ["block", "first_user", "last_user", "last_message", "ignore", "refuse"]
            )
        ),
        no_system=draw(PIECES),
        blank_system=draw(st.none() | PIECES),
        later_system=draw(st.none() | AROUND),
        later_place=draw(st.sampled_from(["anywhere", "between"])),
        begin=draw(PIECES),
        first_user=draw(st.none() | PIECES),
        between=tuple(draw(st.lists(rows, max_size=4))),
        trim=tuple(draw(st.sets(st.sampled_from(["system", "user", "assistant", "merged"])))),
        strip=tuple(draw(st.lists(strips, max_size=2))),
        thinking=tuple(draw(thinking(kind)) for kind in answers if draw(st.booleans())),
        dates=draw(st.sampled_from([(), (("[D]", "%d %b %Y"),)])),
        bos=draw(st.sampled_from(["", "<s>"])),
    )


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """Messages in any order of roles, the system messages first or in between."""
    roles = draw(
        st.lists(st.sampled_from(["user", "assistant"]), min_size=1, max_size=6)
        | st.lists(st.sampled_from(["system", "user", "assistant"]), min_size=1, max_size=6)
    )
    return [Message(role, draw(TEXTS)) for role in roles]
