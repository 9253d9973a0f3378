"""Scenarios of HTTP errors: which are tried again, when, and which never."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .answers import Answer, http_date, json_answer
from .scenario import Ask, Scenario, scenario

if TYPE_CHECKING:
    from collections.abc import Mapping


def refuse(
    ask: Ask,
    status: int,
    message: str = "try again",
    code: str = "server_error",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Answer with an HTTP error in the words of the dialect."""
    return json_answer(ask.dialect.error_body(message, code), status, headers)


def _once(status: int) -> Scenario:
    def play(ask: Ask) -> Answer:
        return refuse(ask, status)

    play.__name__ = f"s{status}_once"
    play.__doc__ = f"HTTP {status} once."
    return scenario("retry")(play)


def _never(status: int, message: str) -> Scenario:
    def play(ask: Ask) -> Answer:
        return refuse(ask, status, message, "invalid_request_error")

    play.__name__ = f"s{status}"
    play.__doc__ = f"HTTP {status}, for which trying again is pointless."
    return scenario("error", max_requests=1)(play)


#: Scenarios that differ in nothing but the status.
ONCE = {str(status): _once(status) for status in (408, 409, 425, 500, 503, 504, 529)}
NEVER = {
    "401": _never(401, "Incorrect API key provided"),
    "403": _never(403, "No access to this model"),
    "404": _never(404, "The model does not exist"),
    "422": _never(422, "temperature must be positive"),
}


@scenario("retry", min_wait=0.95)
def s429_retry_after_1s(ask: Ask) -> Answer:
    """HTTP 429 once, `Retry-After: 1`."""
    return refuse(ask, 429, headers={"Retry-After": "1"})


@scenario("retry", min_wait=1.15)
def s429_retry_after_ms(ask: Ask) -> Answer:
    """HTTP 429 once, `retry-after-ms: 1200`."""
    return refuse(ask, 429, headers={"retry-after-ms": "1200"})


@scenario("retry", min_wait=1.8)
def s429_http_date(ask: Ask) -> Answer:
    """HTTP 429 once, `Retry-After` a date 3 s from now, which is exact to a second."""
    return refuse(ask, 429, headers={"Retry-After": http_date(3)})


@scenario("retry", min_wait=0.95)
def s429_reset_headers(ask: Ask) -> Answer:
    """HTTP 429 once; the rate-limit headers say that requests are free again in 1 s."""
    limit = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1s"}
    tokens = {"x-ratelimit-remaining-tokens": "9000", "x-ratelimit-reset-tokens": "6m0s"}
    return refuse(ask, 429, headers=limit | tokens)


@scenario("retry")
def s429_retry_after_past(ask: Ask) -> Answer:
    """HTTP 429 once, `Retry-After` a date that has passed."""
    return refuse(ask, 429, headers={"Retry-After": http_date(-3600)})


@scenario("retry")
def s429_retry_after_0(ask: Ask) -> Answer:
    """HTTP 429 once, `Retry-After: 0`."""
    return refuse(ask, 429, headers={"Retry-After": "0"})


@scenario("retry")
def s429_retry_after_odd(ask: Ask) -> Answer:
    """HTTP 429 once, with a `Retry-After` that is neither a number nor a date."""
    return refuse(ask, 429, headers={"Retry-After": "soon", "retry-after-ms": "NaN"})


@scenario("error")
def s429_always(ask: Ask) -> Answer:
    """HTTP 429, every time."""
    return refuse(ask, 429, headers={"Retry-After": "0"})


@scenario("error", max_requests=1)
def s429_quota_always(ask: Ask) -> Answer:
    """HTTP 429 `insufficient_quota`, every time: trying again is pointless."""
    return refuse(ask, 429, "You exceeded your current quota", "insufficient_quota")


@scenario("error", max_requests=1)
def s429_retry_after_3600(ask: Ask) -> Answer:
    """HTTP 429, `Retry-After: 3600`: neither to wait for nor to hammer."""
    return refuse(ask, 429, headers={"Retry-After": "3600"})


@scenario("retry", min_wait=1.15)
def s503_loading(_: Ask) -> Answer:
    """HTTP 503 once; the body says the model is loading for 1.2 s more."""
    return json_answer({"error": "Model x is currently loading", "estimated_time": 1.2}, 503)


@scenario("error", max_requests=1)
def s503_loading_long(_: Ask) -> Answer:
    """HTTP 503; the body says the model is loading for an hour."""
    return json_answer({"error": "Model x is currently loading", "estimated_time": 3600.0}, 503)


@scenario("error")
def s500_always(ask: Ask) -> Answer:
    """HTTP 500, every time: one layer of retries makes four requests, not twelve."""
    return refuse(ask, 500)


@scenario("retry")
def s502_html_once(_: Ask) -> Answer:
    """HTTP 502 with the HTML body of a proxy, once."""
    page = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
    return Answer([page], 502, {"Content-Type": "text/html"}, framing="length")


@scenario("retry")
def s500_empty_once(_: Ask) -> Answer:
    """HTTP 500 without a body, once."""
    return Answer((), 500, framing="length")


@scenario("retry")
def s500_cut_once(_: Ask) -> Answer:
    """HTTP 500 whose JSON body is cut, once."""
    head = {"Content-Type": "application/json", "Content-Length": "1000"}
    return Answer([b'{"error": {"mess'], 500, head, framing="length", end="fin")


@scenario("retry")
def s503_body_stalls_once(_: Ask) -> Answer:
    """HTTP 503 whose body never comes, once."""
    return Answer([b'{"error": '], 503, {"Content-Type": "application/json"}, end="hold")


@scenario("error", max_requests=1)
def s400_context(ask: Ask) -> Answer:
    """HTTP 400 `context_length_exceeded`."""
    return refuse(ask, 400, "Maximum context length is 4096 tokens", "context_length_exceeded")


@scenario("error", max_requests=1)
def s400_list(_: Ask) -> Answer:
    """HTTP 400 whose JSON body is a list of errors."""
    return json_answer([{"error": {"code": 400, "message": "bad", "status": "INVALID"}}], 400)


@scenario("error")
def huge_error_body(_: Ask) -> Answer:
    """HTTP 500 with an error message of 8 MiB, every time."""
    return json_answer({"error": {"message": "x" * 2**23}}, 500)


@scenario("error")
def echo_headers(ask: Ask) -> Answer:
    """HTTP 401 whose body repeats the request's Authorization header."""
    sent = ask.headers.get("authorization", "no key")
    return refuse(ask, 401, f"Bad request headers: Authorization: {sent}", "invalid_api_key")
