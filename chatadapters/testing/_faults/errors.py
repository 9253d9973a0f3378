"""Scenarios of errors that are reported inside an open stream."""

from __future__ import annotations

from .answers import Answer, Event, amend, dumps, encode, json_event
from .dialects import CHAT, DONE, RESPONSES, TGI, with_choice
from .scenario import BEFORE, DELTAS, OPENAI, Ask, begun, scenario


def _then(ask: Ask, *events: Event) -> Answer:
    return Answer([*begun(ask), *encode(events)])


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
def choice_error(ask: Ask) -> Answer:
    """The error stands in the choice, beside an ordinary finish reason."""
    error = {"code": 502, "message": "Upstream error from provider"}
    return _then(ask, with_choice(CHAT.chunk({}, "stop"), error=error), DONE)


@scenario("error", dialects=("openai",))
def groq_error(ask: Ask) -> Answer:
    """Groq's error stands in `x_groq`, beside an ordinary finish reason."""
    why = {"id": "req_1", "error": "over_capacity"}
    return _then(ask, CHAT.chunk({}, "stop", x_groq=why), DONE)


@scenario("error", dialects=("openai", "completions", "tgi"))
def error_beside_text(ask: Ask) -> Answer:
    """A chunk has both text and an error, and the finish follows, as if all were well."""
    parts = ask.reply(DELTAS[: BEFORE + 1])
    both = amend(parts.texts[BEFORE:], **ask.dialect.error_body("Worker died"))
    return _then(ask, *both, *parts.tail, *parts.after)


@scenario("error", max_requests=1)
def error_in_list(ask: Ask) -> Answer:
    """The error comes in a list, as Google's, and says that trying again is pointless."""
    parts = ask.reply(DELTAS[:BEFORE])
    error = Event(dumps([ask.dialect.error_body("No such key", "invalid_api_key")]))
    return _then(ask, error, *parts.tail, *parts.after)


@scenario("error")
def error_line(ask: Ask) -> Answer:
    """The error comes on a line `error:` in place of `data:`, as from older llama.cpp."""
    line = f"error: {dumps({'code': 500, 'message': 'Worker died'})}\n\n".encode()
    return _broken_in(ask, line)


@scenario("error")
def error_without_data(ask: Ask) -> Answer:
    """The error is JSON on a line of its own, without `data:`, as proxies pass it on."""
    return _broken_in(ask, f"{dumps(ask.dialect.error_body('Worker died'))}\n\n".encode())


def _broken_in(ask: Ask, line: bytes) -> Answer:
    parts = ask.reply(DELTAS[:BEFORE])
    return Answer([*begun(ask), line, *encode([*parts.tail, *parts.after])])


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
