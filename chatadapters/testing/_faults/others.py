"""Scenarios of answers that are no event stream, though one was asked for."""

from __future__ import annotations

from .answers import Answer, json_answer, raw
from .scenario import OPENAI, TEXT, Ask, good, scenario


@scenario("error")
def html_200(_: Ask) -> Answer:
    """200 `text/html`: a captive portal, a wrong base URL."""
    page = "<!doctype html><html><body>Please log in: Grüße</body></html>".encode()
    return Answer([page], headers={"Content-Type": "text/html; charset=utf-8"}, framing="length")


@scenario("error")
def html_200_as_stream(_: Ask) -> Answer:
    """HTML under `text/event-stream`: no line of it is a field."""
    return Answer([b"<!doctype html>\n<html>\n\n<body>Please log in</body>\n\n</html>\n\n"])


@scenario("error")
def empty_200(_: Ask) -> Answer:
    """200 `text/event-stream` without any event."""
    return Answer()


@scenario("error")
def s204(_: Ask) -> Answer:
    """204 No Content."""
    return raw(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")


@scenario("error")
def json_error_200(ask: Ask) -> Answer:
    """200 `application/json` with an error object to a request for a stream."""
    return json_answer(ask.dialect.error_body("The server is overloaded"))


@scenario("error", max_requests=1)
def json_errors_200(ask: Ask) -> Answer:
    """200 `application/json` with a list of one error, for which trying again is pointless."""
    return json_answer([ask.dialect.error_body("No such key", "invalid_api_key")])


@scenario("exact")
def json_completion_200(ask: Ask) -> Answer:
    """200 `application/json` with a whole completion to a request for a stream."""
    return json_answer(ask.dialect.completion(TEXT))


@scenario("error")
def foreign_stream(_: Ask) -> Answer:
    """A healthy stream of another API: no event has a field that is known here."""
    start = b'event: message_start\ndata: {"type":"message_start","message":{"id":"m"}}\n\n'
    delta = b'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{}}\n\n'
    return Answer([start, delta, b'event: message_stop\ndata: {"type":"message_stop"}\n\n'])


@scenario("error", max_requests=1)
def redirect_other_origin(ask: Ask) -> Answer:
    """307 to another origin, where the conversation and the key must not go."""
    return Answer((), 307, {"Location": ask.elsewhere + ask.path}, framing="length")


@scenario("exact", max_requests=2)
def redirect_same_origin(ask: Ask) -> Answer:
    """307 to the same address, once: a load balancer, a moved route."""
    if ask.attempt > 1:
        return good(ask)
    return Answer((), 307, {"Location": ask.path}, framing="length")


@scenario("error", max_requests=100)
def redirect_loop(ask: Ask) -> Answer:
    """307 to itself, for ever."""
    return Answer((), 307, {"Location": ask.path}, framing="length")


@scenario("exact", dialects=OPENAI)
def many_headers(ask: Ask) -> Answer:
    """Rate-limit, cookie and tracing headers on a healthy stream, as hosts send them."""
    limits = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1h"}
    others = {"set-cookie": "__cf_bm=abc; path=/; HttpOnly", "x-request-id": "r" * 500}
    whole = good(ask)
    return Answer(whole.body, headers={"Retry-After": "3600", **limits, **others})
