"""What a scenario is: one fault, what a client should make of it, and the text it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypedDict, Unpack

from .answers import Answer, amend, encode, json_answer
from .dialects import Tgi
from .parts import Dialect, Parts

Want: TypeAlias = Literal["exact", "retry", "error", "flag", "stop"]
Port: TypeAlias = Literal["open", "refused", "full"]

#: The reply in the pieces that a good stream sends.
DELTAS = (
    *("Grüße", " aus", " Zü", "rich", "!", "\n\n", 'She said: "', "it", " costs", " 5", "\u202f€"),
    *(
        '".',
        " 日本",
        "語",
        " and",
        " an",
        " astronaut",
        " 👩‍🚀",
        ",\n",
        "- back\\",
        "slash\t",
        "<b>",
    ),
    *(" &", " the", " end."),
)
#: The reply that scenarios are about unless they say otherwise.
TEXT = "".join(DELTAS)

#: Pieces of control tokens that a server lets through as text.
LEAKED_TOKENS = ("<|e", "nd", "|>", "\n<|us", "er|>\nAnd")

#: How many pieces of text come before a fault in mid-stream.
BEFORE = 4

ALL = ("openai", "completions", "responses", "tgi")
OPENAI = ("openai", "completions")

_REQUESTS: Mapping[Want, int] = {"exact": 1, "retry": 2, "error": 4, "flag": 1, "stop": 1}


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, as a scenario sees it.

    Attributes:
        dialect: The API it is for.
        attempt: Its number in its run, from 1.
        body: Its JSON.
        headers: Its headers, names in lower case.
        path: Its path.
        elsewhere: The address of another origin, without a path.

    Example:
        >>> from chatadapters.testing.faults import Answer, scenario
        >>> @scenario("error")
        ... def cut_for_bots(ask):
        ...     "Half of the reply, for clients of one name."
        ...     bot = "bot" in ask.headers.get("user-agent", "")
        ...     return Answer(ask.healthy()[: 2 if bot else None])
        >>> cut_for_bots.name
        'cut_for_bots'
    """

    dialect: Dialect
    attempt: int
    body: Any
    headers: Mapping[str, str]
    path: str
    elsewhere: str

    def reply(self, deltas: Sequence[str] = DELTAS, reason: str = "stop") -> Parts:
        """Give the events of a reply in the dialect that was asked for.

        Args:
            deltas: The pieces of its text.
            reason: Its finish reason, in OpenAI's words.
        """
        parts = self.dialect.reply(deltas, reason)
        return (
            parts if self._wants_details() else parts._replace(tail=amend(parts.tail, details=None))
        )

    def healthy(self, deltas: Sequence[str] = DELTAS) -> list[bytes]:
        """Give the body of a healthy stream, one piece of bytes for each event.

        Args:
            deltas: The pieces of its text.
        """
        return encode(self.reply(deltas).events)

    def _wants_details(self) -> bool:
        if not isinstance(self.dialect, Tgi):
            return True
        return bool(self._fields().get("parameters", {}).get("details"))

    def rest(self) -> tuple[str, ...]:
        """Give the deltas that are left when the request asks to go on from a part of them."""
        return split_like(DELTAS, TEXT[len(self.begun) :])

    @property
    def begun(self) -> str:
        """The part of the reply that the request asks to go on from, `""` when it does not."""
        asked = self.dialect.continued(self._fields())
        given = max((n for n in range(len(TEXT) + 1) if asked.endswith(TEXT[:n])), default=0)
        return TEXT[:given]

    def _fields(self) -> Mapping[str, Any]:
        return self.body if isinstance(self.body, dict) else {}

    @property
    def streams(self) -> bool:
        """Whether a stream is asked for."""
        return bool(self._fields().get("stream")) or self.path.endswith("/generate_stream")


def split_like(deltas: Sequence[str], rest: str) -> tuple[str, ...]:
    """Split the end of a text where its deltas are split."""
    found: list[str] = []
    for delta in reversed(deltas):
        taken = min(len(delta), len(rest))
        found.append(rest[len(rest) - taken :])
        rest = rest[: len(rest) - taken]
    return tuple(piece for piece in reversed(found) if piece)


def good(ask: Ask) -> Answer:
    """Answer as a healthy server does: a stream, or JSON when no stream is asked for."""
    deltas = ask.rest()
    if not ask.streams:
        return json_answer(ask.dialect.completion("".join(deltas)))
    return Answer(ask.healthy(deltas))


def begun(ask: Ask) -> list[bytes]:
    """Give the pieces of a healthy body up to the place where faults happen."""
    return encode(ask.reply().until(BEFORE))


def whole(ask: Ask) -> Answer:
    """Answer with the whole stream, whatever is asked."""
    return Answer(ask.healthy())


Play: TypeAlias = Callable[[Ask], Answer]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One fault, and what a client should make of it.

    Attributes:
        name: Its name, as in a URL.
        want: `"exact"` (the whole text from one request), `"retry"` (the first request fails,
            a later one gives the whole text), `"error"` (an error, soon), `"flag"` (the text
            so far, and a finish reason that says it is not complete) or `"stop"` (the text up
            to a stop sequence).
        description: What the server does.
        dialects: The APIs in which it makes sense.
        expected: The answer that is right; None where none is.
        first: What a first attempt says that is not a part of `expected`.
        reasoning: The reasoning that is right.
        reason: The finish reason that is right, in OpenAI's words.
        calls: The tool calls that are right, each its name and its arguments.
        min_wait: Seconds that must lie between the first request and the second.
        max_requests: How many requests may come at most, with a client that tries up to
            four times.
        stop: Stop sequences to ask for.
        options: What else the client must be told to read this server right.
        port: Whether anybody listens.
        play: The answer to a request.
        healed: The answer to every request but the first, where one to retry is wanted.

    Example:
        >>> from chatadapters.testing.faults import SCENARIOS
        >>> SCENARIOS["reset_mid_once"].want
        'retry'
    """

    name: str
    want: Want
    description: str
    play: Play = field(repr=False, compare=False)
    dialects: tuple[str, ...] = ALL
    expected: str | None = TEXT
    first: str = ""
    reasoning: str = ""
    reason: str = "stop"
    calls: tuple[tuple[str, str], ...] = ()
    min_wait: float = 0.0
    max_requests: int = 1
    stop: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    port: Port = "open"
    healed: Play = field(default=good, repr=False, compare=False)

    def answer(self, ask: Ask) -> Answer:
        """Answer one request: a scenario to retry fails the first one only.

        Args:
            ask: The request.

        Returns:
            What is sent, and how it ends.
        """
        healed = self.want == "retry" and ask.attempt > 1
        return self.healed(ask) if healed else self.play(ask)


class Facts(TypedDict, total=False):
    """What may be said of a scenario beside what it wants; the fields of `Scenario`."""

    dialects: tuple[str, ...]
    expected: str | None
    first: str
    reasoning: str
    reason: str
    calls: tuple[tuple[str, str], ...]
    min_wait: float
    max_requests: int
    stop: tuple[str, ...]
    options: Mapping[str, Any]
    port: Port
    healed: Play


def scenario(want: Want, **facts: Unpack[Facts]) -> Callable[[Play], Scenario]:
    """Make a scenario of the function that plays it; its docstring is the description.

    Args:
        want: What a client should make of it, as in `Scenario`.
        **facts: What else is to be known of it: fields of `Scenario`.

    Example:
        >>> from chatadapters.testing.faults import Answer
        >>> @scenario("exact")
        ... def plain(ask):
        ...     "Nothing is wrong."
        ...     return Answer(ask.healthy())
        >>> plain.description
        'Nothing is wrong.'
    """
    usual: Facts = {
        "expected": None if want == "error" else TEXT,
        "max_requests": _REQUESTS[want],
    }
    known: Facts = {**usual, **facts}

    def made(play: Play) -> Scenario:
        described = (play.__doc__ or "").strip()
        return Scenario(play.__name__.rstrip("_"), want, described, play, **known)

    return made


def found_in(*tables: Mapping[str, object]) -> dict[str, Scenario]:
    """Collect the scenarios that modules define, in the order of their definition."""
    values = [value for table in tables for value in table.values()]
    return {value.name: value for value in values if isinstance(value, Scenario)}
