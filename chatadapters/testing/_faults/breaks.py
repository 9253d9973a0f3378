"""Scenarios of streams that break: errors inside them, cuts, stalls, and what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .answers import Answer, Event, Step, encode, encode_one, json_event, pieces, spaced
from .dialects import CHAT, DONE, RESPONSES, TGI
from .scenario import BEFORE, DELTAS, OPENAI, TEXT, Ask, scenario, whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PING = b": ping\n\n"


def _begun(ask: Ask) -> list[bytes]:
    return encode(ask.reply().until(BEFORE))


def _then(ask: Ask, *events: Event) -> Answer:
    return Answer([*_begun(ask), *encode(events)])


@scenario("retry")
def error_in_200_once(ask: Ask) -> Answer:
    """An error event after 4 deltas, once."""
    return _then(ask, ask.dialect.error("The server had an error"))


@scenario("error")
def error_in_200_always(ask: Ask) -> Answer:
    """An error event after 4 deltas, every time."""
    return _then(ask, ask.dialect.error("The server had an error"))


@scenario("retry")
def error_first_once(ask: Ask) -> Answer:
    """An error event before any text, once."""
    return Answer(encode([*ask.reply().head, ask.dialect.error("No worker is available")]))


@scenario("retry")
def error_429_in_200_once(ask: Ask) -> Answer:
    """An error event that says 429, once."""
    code = "overloaded" if ask.dialect is TGI else "rate_limit_exceeded"
    return Answer(encode([_numbered(ask, 429, code, "Too many requests")]))


@scenario("error", max_requests=1)
def error_401_in_200(ask: Ask) -> Answer:
    """An error event that says 401: trying again is pointless."""
    return Answer(encode([_numbered(ask, 401, "invalid_api_key", "No such key")]))


@scenario("error", max_requests=1)
def error_quota_in_200(ask: Ask) -> Answer:
    """An error event that says the quota is spent: trying again is pointless."""
    return Answer(encode([ask.dialect.error("Quota exceeded", "insufficient_quota")]))


def _numbered(ask: Ask, status: int, code: str, message: str) -> Event:
    if ask.dialect is RESPONSES:
        return RESPONSES.error(message, code)
    if ask.dialect is TGI:
        return json_event({"error": message, "error_type": code, "http_status_code": status})
    error = {"message": message, "type": code, "code": status, "http_status_code": status}
    return json_event({"error": error})


@scenario("error", dialects=("openai",))
def openrouter_error(ask: Ask) -> Answer:
    """A chunk with both an error and `finish_reason: "error"`."""
    error = {"code": 502, "message": "Upstream error from provider"}
    return _then(ask, CHAT.chunk({"content": ""}, "error", error=error))


@scenario("error", dialects=("openai",))
def finish_error(ask: Ask) -> Answer:
    """`finish_reason: "error"` without an error object."""
    return _then(ask, CHAT.chunk({}, "error"), DONE)


@scenario("error")
def event_error(ask: Ask) -> Answer:
    """An event of type `error` whose data has no `error`."""
    return _then(ask, json_event({"message": "Worker died", "code": 500}, "error"))


@scenario("error")
def event_error_text(ask: Ask) -> Answer:
    """An event of type `error` whose data is plain text."""
    return _then(ask, Event("upstream connect error or disconnect", "error"))


@scenario("error", dialects=OPENAI)
def error_is_text(ask: Ask) -> Answer:
    """`error` is a text, not an object."""
    return _then(ask, json_event({"error": "CUDA out of memory"}))


@scenario("error")
def error_then_done(ask: Ask) -> Answer:
    """An error event, then the finish, as if all were well."""
    parts = ask.reply(DELTAS[:BEFORE])
    return _then(ask, ask.dialect.error("Worker died"), *parts.tail, *parts.after)


@scenario("error", dialects=("tgi",), max_requests=1)
def tgi_validation(_: Ask) -> Answer:
    """A validation error inside a 200 stream: trying again is pointless."""
    return Answer(encode([TGI.error("`temperature` must be positive", "validation")]))


@scenario("retry", dialects=("tgi",))
def tgi_incomplete_once(ask: Ask) -> Answer:
    """An error of type `incomplete_generation_stream`, once."""
    return _then(ask, TGI.error("Incomplete generation", "incomplete_generation_stream"))


@scenario("error", dialects=("responses",))
def responses_failed(ask: Ask) -> Answer:
    """`response.failed` ends the stream, every time."""
    error = {"code": "server_error", "message": "The model failed"}
    return _then(ask, RESPONSES.ended("failed", [], 9, error=error))


@scenario("error", dialects=("responses",), max_requests=1)
def responses_failed_prompt(_: Ask) -> Answer:
    """`response.failed` with `invalid_prompt`: trying again is pointless."""
    error = {"code": "invalid_prompt", "message": "Invalid prompt"}
    return Answer(encode([*RESPONSES.head(), RESPONSES.ended("failed", [], 9, error=error)]))


@scenario("retry")
def invalid_json_once(ask: Ask) -> Answer:
    """An event whose JSON is cut, once; the stream goes on after it."""
    parts = ask.reply()
    broken = Event(parts.texts[BEFORE].data[:-9])
    rest = encode([*parts.texts[BEFORE + 1 :], *parts.tail, *parts.after])
    return Answer([*_begun(ask), encode_one(broken), *rest])


@scenario("retry")
def text_for_json_once(ask: Ask) -> Answer:
    """An event that is plain text in mid-stream, once."""
    return _then(ask, Event("Internal Server Error"))


@scenario("retry")
def reset_mid_once(ask: Ask) -> Answer:
    """A reset after 4 deltas, once."""
    return Answer(_begun(ask), end="rst")


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
    return Answer([*_begun(ask), encode_one(ask.reply().texts[BEFORE])[:-20]])


@scenario("retry")
def trunc_clean_once(ask: Ask) -> Answer:
    """The body ends cleanly after 4 deltas, without a finish, once."""
    return Answer(_begun(ask))


@scenario("error")
def trunc_clean_always(ask: Ask) -> Answer:
    """The body ends cleanly after 4 deltas, without a finish, every time."""
    return Answer(_begun(ask))


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


@scenario("retry", first=f"{TEXT}\n{TEXT}\n{TEXT}", max_requests=3)
def restart_shorter_once(ask: Ask) -> Answer:
    """The first answer, cut, is longer than the whole second one."""
    return Answer(encode(ask.reply([TEXT, "\n", TEXT, "\n", TEXT]).until(5)))


@scenario("retry", dialects=("completions", "tgi"), max_requests=3, healed=whole)
def resume_repeats_once(ask: Ask) -> Answer:
    """A cut, once; a request to go on gets the whole answer from its beginning."""
    return Answer(_begun(ask), end="rst")


@scenario("retry")
def stall_mid_once(ask: Ask) -> Answer:
    """4 deltas, then silence with the connection open, once."""
    return Answer(_begun(ask), end="hold")


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
    return Answer(_pinging(_begun(ask)))


@scenario("retry")
def stall_mid_empty_once(ask: Ask) -> Answer:
    """4 deltas, then events without any text for ever, once."""
    return Answer(_pinging(_begun(ask), encode_one(ask.reply([""]).texts[0])))


@scenario("retry")
def stall_in_event_once(ask: Ask) -> Answer:
    """An event comes byte by byte, too slowly ever to be complete, once."""
    event = encode_one(Event('{"x": "' + "." * 400))
    return Answer([*_begun(ask), *spaced(pieces(event, 1), 0.5)], end="hold")


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
