"""Scenarios of streams that break: cut, malformed or stalled, and what the next one says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .answers import Answer, Event, Step, encode, encode_one, json_answer, pieces, spaced
from .dialects import CHAT, RESPONSES
from .scenario import BEFORE, DELTAS, OPENAI, TEXT, Ask, begun, scenario, split_like, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .scenario import Play

_PING = b": ping\n\n"


def _then(ask: Ask, *events: Event) -> Answer:
    return Answer([*begun(ask), *encode(events)])


@scenario("retry")
def invalid_json_once(ask: Ask) -> Answer:
    """An event whose JSON is cut, once; the stream goes on after it."""
    parts = ask.reply()
    broken = Event(parts.texts[BEFORE].data[:-9])
    rest = encode([*parts.texts[BEFORE + 1 :], *parts.tail, *parts.after])
    return Answer([*begun(ask), encode_one(broken), *rest])


@scenario("retry")
def text_for_json_once(ask: Ask) -> Answer:
    """An event that is plain text in mid-stream, once."""
    return _then(ask, Event("Internal Server Error"))


@scenario("retry")
def reset_mid_once(ask: Ask) -> Answer:
    """A reset after 4 deltas, once."""
    return Answer(begun(ask), end="rst")


@scenario("error")
def reset_mid_always(ask: Ask) -> Answer:
    """A reset after 4 deltas, every time."""
    return Answer(encode(ask.reply(ask.rest()).until(BEFORE)), end="rst")


@scenario("retry")
def reset_before_text_once(_: Ask) -> Answer:
    """A reset after the headers, before any text, once."""
    return Answer([_PING], end="rst")


@scenario("retry")
def cut_in_event_once(ask: Ask) -> Answer:
    """The body ends cleanly in the middle of an event's JSON, once."""
    return Answer([*begun(ask), encode_one(ask.reply().texts[BEFORE])[:-20]])


@scenario("retry")
def trunc_clean_once(ask: Ask) -> Answer:
    """The body ends cleanly after 4 deltas, without a finish, once."""
    return Answer(begun(ask))


@scenario("error")
def trunc_clean_always(ask: Ask) -> Answer:
    """The body ends cleanly after 4 deltas, without a finish, every time."""
    return Answer(begun(ask))


@scenario("error", dialects=OPENAI)
def done_without_finish(ask: Ask) -> Answer:
    """`[DONE]` comes without any finish reason, every time."""
    return Answer(encode(ask.reply()._replace(tail=[]).events))


@scenario("exact", dialects=OPENAI, reason="unknown", options={"ends_with": "done"})
def done_is_the_end(ask: Ask) -> Answer:
    """`[DONE]` is all that this server says; a client has to be told."""
    return Answer(encode(ask.reply()._replace(tail=[]).events))


@scenario("exact", dialects=OPENAI, reason="unknown", options={"ends_with": "close"})
def close_is_the_end(ask: Ask) -> Answer:
    """The end of the body is all that this server says; a client has to be told."""
    return Answer(encode(ask.reply()._replace(tail=[], after=[]).events))


_OTHER = ("Something", " quite", " different", " was")


@scenario("retry", first="".join(_OTHER), max_requests=3)
def restart_differs_once(ask: Ask) -> Answer:
    """The first answer, cut, is another one than the second: they must not mix."""
    return Answer(encode(ask.reply(_OTHER).until(4)))


@scenario("retry", first=f"{TEXT}\n{TEXT}\n{TEXT}", max_requests=3, healed=whole)
def restart_shorter_once(ask: Ask) -> Answer:
    """The first answer, cut, is longer than the whole second one."""
    return Answer(encode(ask.reply([TEXT, "\n", TEXT, "\n", TEXT]).until(5)))


_RESUMED = 17  # pieces of text before a cut that is followed by a request to go on
_CONTINUABLE = ("openai", "completions", "tgi")


def _cut(ask: Ask) -> Answer:
    return Answer(encode(ask.reply().until(_RESUMED)), end="rst")


def _asked_to_go_on(say: Callable[[Ask], Answer]) -> Play:
    """Play this to a request that asks to go on from a part of the answer, else the whole."""
    return lambda ask: say(ask) if ask.begun else whole(ask)


def _saying(text: Callable[[str, str], str]) -> Play:
    """Say what a function makes of the text that is there and of the rest."""

    def say(ask: Ask) -> Answer:
        said = text(ask.begun, TEXT[len(ask.begun) :])
        return Answer(encode(ask.reply(split_like(DELTAS, said)).events))

    return _asked_to_go_on(say)


@scenario("retry", dialects=_CONTINUABLE, healed=whole)
def resume_repeats_once(ask: Ask) -> Answer:
    """A cut, once; a request to go on gets the whole answer from its beginning."""
    return _cut(ask)


@scenario("retry", dialects=_CONTINUABLE, healed=_saying(lambda begun, rest: begun[-12:] + rest))
def resume_overlaps_once(ask: Ask) -> Answer:
    """A cut, once; a request to go on gets the end of what is there once more."""
    return _cut(ask)


@scenario("retry", dialects=_CONTINUABLE, healed=_saying(lambda _, rest: rest.lstrip()))
def resume_trims_once(ask: Ask) -> Answer:
    """A cut, once; a request to go on gets the rest without the white space before it."""
    return _cut(ask)


@scenario(
    "retry",
    dialects=_CONTINUABLE,
    max_requests=3,
    healed=_asked_to_go_on(lambda ask: Answer(encode(ask.reply(_OTHER).events))),
)
def resume_ignored_once(ask: Ask) -> Answer:
    """A cut, once; a request to go on gets another answer, as to a new message."""
    return _cut(ask)


@scenario(
    "retry",
    dialects=_CONTINUABLE,
    max_requests=3,
    healed=_asked_to_go_on(lambda ask: json_answer(ask.dialect.error_body("what?"), 400)),
)
def resume_refused_once(ask: Ask) -> Answer:
    """A cut, once; a request to go on gets HTTP 400."""
    return _cut(ask)


@scenario("retry", dialects=_CONTINUABLE, max_requests=3, healed=_asked_to_go_on(_cut))
def resume_cut_once(ask: Ask) -> Answer:
    """A cut, once; a request to go on is cut too, before it says anything new."""
    return _cut(ask)


@scenario("retry")
def stall_mid_once(ask: Ask) -> Answer:
    """4 deltas, then silence with the connection open, once."""
    return Answer(begun(ask), end="hold")


@scenario("error")
def stall_mid_always(ask: Ask) -> Answer:
    """4 deltas, then silence with the connection open, every time."""
    return Answer(encode(ask.reply(ask.rest()).until(BEFORE)), end="hold")


@scenario("retry")
def stall_first_comments_once(_: Ask) -> Answer:
    """Comments for ever before the first text, once."""
    return Answer(_pinging([]))


@scenario("retry")
def stall_mid_comments_once(ask: Ask) -> Answer:
    """4 deltas, then comments for ever, once."""
    return Answer(_pinging(begun(ask)))


@scenario("retry")
def stall_mid_empty_once(ask: Ask) -> Answer:
    """4 deltas, then events without any text for ever, once."""
    return Answer(_pinging(begun(ask), encode_one(ask.reply([""]).texts[0])))


@scenario("retry")
def stall_in_event_once(ask: Ask) -> Answer:
    """An event comes byte by byte, too slowly ever to be complete, once."""
    event = encode_one(Event('{"x": "' + "." * 400))
    return Answer([*begun(ask), *spaced(pieces(event, 1), 0.5)], end="hold")


def _pinging(first: Sequence[bytes], ping: bytes = _PING) -> Iterator[Step]:
    yield from first
    for _ in range(600):
        yield 0.5
        yield ping


@scenario("exact")
def slow_drip(ask: Ask) -> Answer:
    """0.5 s between 13 deltas: slow but healthy."""
    pairs = ["".join(DELTAS[n : n + 2]) for n in range(0, len(DELTAS), 2)]
    return Answer(spaced(encode(ask.reply(pairs).events), 0.5))


@scenario("exact")
def slow_first_token(ask: Ask) -> Answer:
    """Comments for 5 s before the first token: healthy."""
    waiting: list[Step] = [step for _ in range(10) for step in (0.5, _PING)]
    return Answer([*waiting, *encode(ask.reply().events)])


@scenario("exact", dialects=("openai", "responses"), reasoning="hmm " * 12)
def slow_reasoning(ask: Ask) -> Answer:
    """Nothing but reasoning for 6 s, a word each 0.5 s: healthy."""
    thoughts = _thoughts(ask)
    parts = ask.reply()
    return Answer([*encode(parts.head), *thoughts, *encode(parts.events[len(parts.head) :])])


def _thoughts(ask: Ask) -> list[Step]:
    def event(word: str) -> Event:
        if ask.dialect is RESPONSES:
            return RESPONSES.text(word, 1, "reasoning_text")
        return CHAT.chunk({"reasoning_content": word})

    return list(spaced(encode(event("hmm ") for _ in range(12)), 0.5))


_COUNT = [f"{n} " for n in range(160)]


@scenario("exact", expected="".join(_COUNT))
def cancel_probe(ask: Ask) -> Answer:
    """A delta each 50 ms for 8 s; for closing in the middle."""
    return Answer(spaced(encode(ask.reply(_COUNT).events), 0.05))
