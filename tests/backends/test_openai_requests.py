"""Requests that go out with the head of an earlier one are those that the SDK would have made."""

from __future__ import annotations

import asyncio
import functools
import ssl
import weakref
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import httpx2
import openai
import pytest
import trustme

from chatadapters import Message, Timeout
from chatadapters.backends._openai_heads import Heads
from chatadapters.backends.openai import OpenAIBackend
from tests.backends.served import Raw, Request, Served, Step, answer, event

pytestmark = pytest.mark.usefixtures("no_environment")

REPLY = [event({"choices": [{"delta": {"content": "Ada"}}]}), event("[DONE]")]
GOOD = answer(*REPLY)
SECRET = "sk-test-0123456789"

#: What came of each of several messages to one backend: bytes, or an error.
Outcome = bytes | Exception
Talk = Callable[..., list[Outcome]]


def talk_sync(backend: OpenAIBackend, *said: Any) -> list[Outcome]:
    def one(text: str, options: dict[str, Any]) -> Outcome:
        payload = backend.build([Message("user", text)], options)
        try:
            return b"".join(backend.stream(payload, Timeout(connect=1)))
        except openai.OpenAIError as error:
            return error

    try:
        return [one(*each) for each in said]
    finally:
        backend.close()


def talk_async(backend: OpenAIBackend, *said: Any) -> list[Outcome]:
    async def one(text: str, options: dict[str, Any]) -> Outcome:
        payload = backend.build([Message("user", text)], options)
        try:
            return b"".join([b async for b in backend.astream(payload, Timeout(connect=1))])
        except openai.OpenAIError as error:
            return error

    async def everything() -> list[Outcome]:
        try:
            return [await one(*each) for each in said]
        finally:
            await backend.aclose()

    return asyncio.run(everything())


@pytest.fixture(params=[talk_sync, talk_async], ids=["sync", "async"])
def talk(request: pytest.FixtureRequest) -> Talk:
    """Give `talk(backend, (text, options), ...) -> outcomes`, once for each colour."""
    found: Talk = request.param
    return found


def requests_of(talk: Talk, *said: Any, answers: Sequence[list[Step]] = (GOOD,), **own: Any) -> Any:
    """Say something to a fresh backend; give the requests that came."""
    with Served([list(each) for each in answers]) as server:
        talk(OpenAIBackend("m", base_url=server.url, api_key=SECRET, **own), *said)
    return [_seen(request) for request in server.requests]


def _seen(request: Request) -> tuple[object, ...]:
    headers = {name: value for name, value in request.headers.items() if name != "host"}
    return request.path, headers, list(headers), request.body


WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
OPTIONS: list[dict[str, Any]] = [
    {},
    {"temperature": 0.5, "top_p": 1, "stop": ["\n"], "seed": None, "logprobs": True},
    {"tools": [WEATHER], "tool_choice": "auto", "parallel_tool_calls": False},
    {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": True}}},
    {"extra_body": {"top_k": 5, "temperature": 2}, "temperature": 1},
    {"extra_headers": {"X-A": "b", "User-Agent": "mine"}, "extra_query": {"v": 1, "w": [2, 3]}},
    {"stream_options": {"include_usage": True}, "metadata": {"schlüssel": "wert\u2028"}},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(options) or "none")
def test_a_second_request_is_as_the_sdk_makes_it(options: dict[str, Any], talk: Talk) -> None:
    """Path, headers, their order and the body are those of a client that makes its first."""
    once, twice = ("Grüße \ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), "Hi")
    sent = requests_of(talk, (once, options), (twice, options))
    assert sent[0] == requests_of(talk, (once, options))[0]
    assert sent[1] == requests_of(talk, (twice, options))[0]


def test_a_second_request_of_the_responses_api_is_as_the_sdk_makes_it(talk: Talk) -> None:
    """As for the chat API, on its own route."""
    options = {"instructions": "Be brief.", "reasoning": {"effort": "low"}}
    sent = requests_of(talk, ("a", options), ("b", options), api="responses")
    assert [sent[1]] == requests_of(talk, ("b", options), api="responses")
    assert sent[1][0] == "/v1/responses"


def test_other_options_have_a_head_of_their_own(talk: Talk) -> None:
    """Whatever the order in which they come."""
    said = [("hi", options) for options in (*OPTIONS, *reversed(OPTIONS))]
    alone = [requests_of(talk, each)[0] for each in said]
    assert requests_of(talk, *said) == alone


@pytest.mark.parametrize("kind", [dict, httpx2.Headers], ids=["dict", "Headers"])
def test_headers_of_one_message_are_those_of_no_other(kind: Any, talk: Talk) -> None:
    """They may be a user's; some kinds of headers do not show what they hold."""
    users = [kind({"Authorization": f"Bearer {user}"}) for user in ("ann", "bob", "cid")]
    sent = requests_of(talk, *[("hi", {"extra_headers": headers}) for headers in users])
    assert [request[1]["authorization"] for request in sent] == [
        "Bearer ann",
        "Bearer bob",
        "Bearer cid",
    ]


def test_the_environments_headers_are_those_of_now(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cookie among them too."""

    class Changing(OpenAIBackend):
        def build(self, conversation: Any, options: Any) -> Any:
            monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", conversation[0].content)
            return super().build(conversation, options)

    said = [(f"Cookie: route={number}", {}) for number in (1, 1, 2, 2)]
    with Served([GOOD]) as server:
        talk(Changing("m", base_url=server.url), *said)
    cookies = [request.headers["cookie"] for request in server.requests]
    assert cookies == ["route=1", "route=1", "route=2", "route=2"]


def test_what_only_the_sdk_can_write_goes_through_it_each_time(talk: Talk) -> None:
    """It writes dates, and objects of its own; plain JSON has neither."""
    said = [("hi", {"extra_body": {"at": datetime(2026, 1, day)}}) for day in (1, 2, 3)]
    sent = requests_of(talk, ("hi", {"extra_body": {"at": "plain"}}), *said)
    days = ["plain", *(f"2026-01-0{day}T00:00:00" for day in (1, 2, 3))]
    assert [request[3]["at"] for request in sent] == days


def test_what_nobody_can_write_is_the_sdks_error(talk: Talk) -> None:
    """As it is with the first message."""
    options = {"extra_body": {"at": date(2026, 1, 1)}}
    with Served([GOOD]) as server:
        backend = OpenAIBackend("m", base_url=server.url)
        with pytest.raises(TypeError, match="date is not JSON serializable"):
            talk(backend, ("hi", {"extra_body": {"at": "plain"}}), ("hi", options))


def test_no_cookie_is_kept(talk: Talk) -> None:
    """All users share a client, and what one was given is no other's."""
    given = answer(*REPLY, head="Set-Cookie: session=1; Path=/\r\n")
    sent = requests_of(talk, *[("hi", {})] * 3, answers=[given])
    assert [request[1].get("cookie") for request in sent] == [None] * 3


@pytest.mark.parametrize("name", ["create", "post", "request"])
def test_who_watches_the_sdk_sees_every_request(
    name: str, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tools for tracing put functions of their own in the place of the SDK's."""
    resources = openai.resources.chat.completions
    owners: list[Any] = [openai.OpenAI, openai.AsyncOpenAI]
    if name == "create":
        owners = [resources.Completions, resources.AsyncCompletions]
    seen: list[object] = []

    def watch(owner: Any) -> None:
        own = getattr(owner, name)

        @functools.wraps(own)
        def watching(*args: Any, **kwargs: Any) -> Any:
            seen.append(name)
            return own(*args, **kwargs)

        monkeypatch.setattr(owner, name, watching)

    for owner in owners:
        watch(owner)
    assert len(requests_of(talk, *[("hi", {})] * 3)) == 3
    assert seen == [name] * 3


def test_the_sdks_own_log_has_every_request(talk: Talk, caplog: pytest.LogCaptureFixture) -> None:
    """Where it is asked for."""
    with caplog.at_level("DEBUG", "openai"):
        requests_of(talk, *[("hi", {})] * 3)
    assert sum("Sending HTTP Request" in record.message for record in caplog.records) == 3


def test_a_redirect_is_asked_anew_each_time(talk: Talk) -> None:
    """The head of a request that was sent elsewhere is not the one to begin with."""
    moved = answer(status="307 Temporary Redirect", head="Location: /v1/other\r\n")
    sent = requests_of(talk, ("a", {}), ("b", {}), answers=[moved, GOOD, moved, GOOD])
    assert [request[0] for request in sent] == ["/v1/chat/completions", "/v1/other"] * 2


def test_a_second_request_follows_a_redirect_too(talk: Talk) -> None:
    """To the same origin, with its body."""
    moved = answer(status="307 Temporary Redirect", head="Location: /v1/other\r\n")
    sent = requests_of(talk, ("a", {}), ("b", {}), answers=[GOOD, moved, GOOD])
    assert [request[0] for request in sent][1:] == ["/v1/chat/completions", "/v1/other"]
    assert sent[1][3] == sent[2][3]


BODY = b'{"error": {"message": "no", "code": "c", "type": "t"}}'
STATUS = ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "409 Conflict"]
STATUS += ["422 Unprocessable Entity", "429 Too Many Requests", "418 Teapot", "503 Unavailable"]
ELSEWHERE = "Location: http://127.0.0.2:9/v1\r\n"
BAD: dict[str, list[Step]] = {
    **{f"status {s[:3]}": answer(BODY, status=s, head="Retry-After: 7\r\n") for s in STATUS},
    "no JSON": answer(b"<html>" * 9999, status="502 Bad Gateway"),
    "no body": answer(status="500 Internal Server Error"),
    "packed": answer(BODY, status="400 Bad Request", head="Content-Encoding: gzip\r\n"),
    "elsewhere": answer(status="307 Temporary Redirect", head=ELSEWHERE),
    "nowhere": answer(status="304 Not Modified"),
    "in circles": answer(status="307 Temporary Redirect", head="Location: /v1/x\r\n"),
    "no HTTP": [b"SSH-2.0-dropbear\r\n\r\n"],
}


@pytest.mark.parametrize("bad", BAD)
def test_an_error_is_the_same_after_an_answer(bad: str, talk: Talk) -> None:
    """Its type, text, status, body, headers and request are those of a first message."""
    with Served([BAD[bad]]) as server:
        [first] = talk(OpenAIBackend("m", base_url=server.url), ("hi", {}))
    with Served([GOOD, BAD[bad]]) as server:
        good, second = talk(OpenAIBackend("m", base_url=server.url), ("hi", {}), ("hi", {}))
    assert good == b"".join(REPLY)
    assert isinstance(first, openai.APIError)
    assert _error(second) == _error(first)


def test_a_server_that_went_away_is_the_same_error_after_an_answer(talk: Talk) -> None:
    """Nobody answers at its port."""
    with Served([GOOD]) as server:
        url = server.url
    [first] = talk(OpenAIBackend("m", base_url=url), ("hi", {}))

    class Leaving(OpenAIBackend):
        def build(self, *args: Any) -> Any:
            if server.requests:
                server.__exit__()
            return super().build(*args)

    with Served([GOOD]) as server:
        good, second = talk(Leaving("m", base_url=server.url), ("hi", {}), ("hi", {}))
    assert good == b"".join(REPLY)
    assert isinstance(first, openai.APIConnectionError)
    assert (type(second), str(second)) == (type(first), str(first))
    assert isinstance(second, openai.APIConnectionError)
    assert type(second.__cause__) is type(first.__cause__)


def test_what_breaks_tls_is_the_same_error_after_an_answer(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Whichever library raises it, the SDK says what it is."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    broken: list[Step] = [Raw(b"no TLS at all, and longer than a record's head")]
    with Served([broken], tls=context) as server:
        [first] = talk(OpenAIBackend("m", base_url=server.url), ("hi", {}))
    with Served([GOOD, broken], tls=context) as server:
        good, second = talk(OpenAIBackend("m", base_url=server.url), ("hi", {}), ("hi", {}))
    assert good == b"".join(REPLY)
    assert isinstance(first, openai.APIConnectionError)
    assert type(second) is type(first)


def _error(error: Any) -> tuple[object, ...]:
    told = getattr(error, "response", None)
    headers = None if told is None else [*told.headers.items()]
    status = None if told is None else (told.status_code, told.content, headers)
    cause = type(error.__cause__), str(error.__cause__)
    path, sent = error.request.url.path, error.request.content
    return type(error), str(error), error.body, error.code, status, cause, path, sent


def test_a_head_holds_no_conversation() -> None:
    """It may be kept for days."""
    heads = Heads(httpx2.Client())
    request = httpx2.Request("POST", "http://h/", content=b"secret", extensions={"timeout": {}})
    gone = weakref.ref(request)
    heads.keep("key", request)
    del request
    assert gone() is None
    again = heads.request("key", b"body")
    assert again is not None
    assert again.content == b"body"
    assert again.headers["content-length"] == "4"
