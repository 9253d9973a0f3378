"""What a stream says beside its text, and text that is made whole: usage, halves, repetitions."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest

from chatadapters import (
    Finish,
    Reasoning,
    Text,
    Usage,
)
from chatadapters._errors import (
    MalformedStreamError,
)
from chatadapters._events import Done
from chatadapters.backends._collector import Collector
from chatadapters.backends._openai_chat import ChatReader
from tests.backends.reading import (
    COUNTS,
    DONE,
    USAGE,
    delta,
    end,
    read,
    read_broken,
    stream,
)
from tests.chunks import in_pieces


@pytest.mark.parametrize(
    "body",
    [
        stream({"choices": [], "usage": COUNTS}, end()),
        stream(end(usage=COUNTS)),
        stream({"usage": COUNTS}, end()),
        stream({"choices": [], "x_groq": {"id": "r", "usage": COUNTS}}, end()),
        stream({"choices": [{"delta": {}, "usage": COUNTS, "finish_reason": "stop"}]}),
        stream({**delta(content=""), "usage": {"prompt_tokens": 1}}, end(usage=COUNTS)),
    ],
)
def test_usage_comes_before_or_with_the_finish(body: bytes) -> None:
    """The last counts that came are given."""
    assert read(ChatReader(), body) == [USAGE, Finish("stop")]


def test_usage_may_follow_the_finish() -> None:
    """OpenAI sends it in a chunk of its own."""
    rest = (end(), {"choices": [], "usage": COUNTS}, DONE)
    body = stream(delta(content="Hi"), *rest)
    assert read(ChatReader(), body) == [Text("Hi"), Finish("stop"), USAGE, Done()]
    # An answer without text may only begin here; it has ended where its counts come.
    assert read(ChatReader(), stream(*rest)) == [USAGE, Finish("stop"), Done()]


@pytest.mark.parametrize("count", ["NaN", "Infinity", "-Infinity", "1e400", '"9"', "[]"])
def test_a_count_that_is_no_number_is_none(count: str) -> None:
    """It must not cost the reply that it comes with."""
    usage = '{"prompt_tokens": 9, "completion_tokens": %s}' % count  # noqa: UP031
    body = stream(delta(content="Hi"), end(), '{"choices": [], "usage": %s}' % usage)  # noqa: UP031
    assert read(ChatReader(), body) == [Text("Hi"), Finish("stop"), Usage(9, None)]


def test_a_count_beyond_all_floats() -> None:
    """Python's numbers have no end."""
    body = stream(end(usage={"prompt_tokens": 10**400}))
    assert read(ChatReader(), body) == [Usage(10**400), Finish("stop")]


def test_unknown_usage_is_none() -> None:
    """What was not counted is not zero."""
    assert read(ChatReader(), stream(end(usage={"total_tokens": 3}))) == [Usage(), Finish("stop")]
    assert read(ChatReader(), stream(end(usage=None))) == [Finish("stop")]


def test_surrogate_halves_are_joined() -> None:
    """A character cut into two deltas is one character."""
    halves = [b'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n']
    halves += [b'data: {"choices":[{"delta":{"content":"\\ude00!"}}]}\n\n']
    assert read(ChatReader(), *halves) == [Text("\N{GRINNING FACE}!")]
    assert read(ChatReader(), halves[0], stream(end())) == [Text("\ufffd"), Finish("stop")]


def test_a_cumulative_server_is_repaired() -> None:
    """Chunks that repeat all text so far give each text once, reasoning too."""
    body = stream(
        delta(reasoning="H"),
        delta(reasoning="Hm"),
        delta(content="Hel"),
        delta(content="Hello"),
        delta(content="Hello"),
        delta(content="Hello you"),
        delta(content=""),
        end(),
    )
    wanted = [Reasoning("Hm"), Text("Hello you"), Finish("stop")]
    assert read(ChatReader(cumulative=True), body) == wanted
    assert read(ChatReader(cumulative=True), *in_pieces(body, 40)) == wanted


def test_a_server_that_is_not_cumulative_is_named() -> None:
    """With the option set, text that does not continue is an error, not a guess."""
    body = stream(delta(content="Hel"), delta(content="lo"))
    events, error = read_broken(ChatReader(cumulative=True), body)
    assert events == [Text("Hel")]
    assert isinstance(error, MalformedStreamError)
    assert "cumulative" in str(error)


WHOLE = ["a", "ab", "\U0001f600", "</s", "s>", "<|im_end|>"]
STEPS = [
    ("reasoning", "Hm"),
    ("end", Finish("stop")),
    *(("text", piece) for piece in ["", "\ud83d", "\ude00", *WHOLE]),
]


def gathered(out: Collector, steps: Iterable[tuple[str, Any]], *, alone: bool) -> list[Any]:
    """Give the events of each step, and how it broke."""
    found: list[Any] = []
    try:
        for name, what in steps:
            if alone and name == "text" and what in WHOLE:
                found += out.alone(what)
            else:
                getattr(out, name)(what)
                found += out.take()
    except MalformedStreamError as error:
        found.append(str(error))
    return found


@pytest.mark.parametrize("leaks", [False, True])
@pytest.mark.parametrize("cumulative", [False, True])
def test_a_piece_alone_gives_what_it_gives_in_two_calls(cumulative: bool, leaks: bool) -> None:
    """Whatever came before it, the short way is no other way."""
    for steps in product(STEPS, repeat=4):
        short, long = (Collector(cumulative=cumulative, leaks=leaks) for _ in range(2))
        found = gathered(short, steps, alone=True)
        assert found == gathered(long, steps, alone=False), steps
        assert short.said == long.said, steps
        assert short.take(last=True) == long.take(last=True), steps
