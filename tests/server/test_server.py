"""Any predict as an OpenAI-compatible web app, asked by clients nobody here wrote."""

from __future__ import annotations

from typing import Any

import httpx2
import openai
import pytest

from chatadapters import (
    Finish,
    OptionError,
    ProviderStreamError,
    Text,
    Usage,
    openai_predict,
)
from chatadapters._events import Reasoning
from chatadapters.server import asgi
from chatadapters.testing import Pause
from chatadapters.testing.faults import FaultServer
from tests.server.serving import ASK, ask, client, eventually, scripted, serving

CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def test_the_official_client_gets_a_whole_reply() -> None:
    """Text, finish reason and usage arrive."""
    script = [Text("Hello you"), Finish("length", Usage(3, 2))]
    with serving({"m": scripted(script)}) as url, client(url) as ai:
        reply = ai.chat.completions.create(**ASK)
    assert reply.choices[0].message.content == "Hello you"
    assert reply.choices[0].finish_reason == "length"
    assert reply.usage is not None
    assert reply.usage.total_tokens == 5


def test_the_official_client_gets_a_stream() -> None:
    """The deltas joined are the reply, then comes the usage that was asked for."""
    script = ["Hello", Pause(0.02), " you", Finish("stop", Usage(3, 2))]
    with serving({"m": scripted(script)}) as url, client(url) as ai:
        chunks = list(
            ai.chat.completions.create(**ASK, stream=True, stream_options={"include_usage": True})
        )
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert choices[0].delta.role == "assistant"
    assert "".join(choice.delta.content or "" for choice in choices) == "Hello you"
    assert choices[-1].finish_reason == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.prompt_tokens == 3


def test_reasoning_and_tool_calls_arrive() -> None:
    """They travel in the fields that clients read, whole and streamed."""
    script = [Reasoning("hm"), Text("so"), Finish("tool_calls", tool_calls=(CALL,))]
    with serving({"m": scripted(script)}) as url, client(url) as ai:
        message = ai.chat.completions.create(**ASK).choices[0].message
        deltas = [c.choices[0].delta for c in ai.chat.completions.create(**ASK, stream=True)]
    assert message.model_dump()["reasoning_content"] == "hm"
    assert message.tool_calls is not None
    assert message.tool_calls[0].id == "1"
    assert [d.model_dump().get("reasoning_content") for d in deltas][:2] == [None, "hm"]
    assert [d.tool_calls[0].id for d in deltas if d.tool_calls] == ["1"]


def test_the_raw_completions_route_answers_a_prompt() -> None:
    """A prompt is the only message; whole and streamed."""
    predict = scripted("Hello you")
    with serving({"m": predict}) as url, client(url) as ai:
        assert ai.completions.create(model="m", prompt="Hi").choices[0].text == "Hello you"
        stream = ai.completions.create(model="m", prompt="Hi", stream=True)
        assert "".join(chunk.choices[0].text for chunk in stream) == "Hello you"
    assert predict.backend.requests[0]["messages"] == [{"role": "user", "content": "Hi"}]


def test_history_system_and_options_reach_the_backend() -> None:
    """Options travel under the provider's own names; those it has not are left out."""
    predict = scripted("one two three")
    messages = [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": [{"type": "text", "text": "c"}]},
    ]
    with serving({"m": predict}) as url, client(url) as ai:
        reply = ai.chat.completions.create(
            model="m", messages=messages, temperature=0.5, max_tokens=7, seed=1, stop=["two"],
            user="u",
        )  # fmt: skip
    assert reply.choices[0].message.content == "one "
    assert predict.backend.requests == [
        {
            "messages": [
                {"role": "system", "content": "S"},
                {"role": "user", "content": "a"},
                {"role": "assistant", "content": "b"},
                {"role": "user", "content": "c"},
            ],
            "temperature": 0.5,
            "max_new_tokens": 7,
            "stop": ("two",),
        }
    ]


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_length_that_is_asked_for_replaces_the_predict_s_own(name: str) -> None:
    """OpenAI refuses a request with both names of it."""
    with FaultServer() as provider:
        address = provider.url("ok")
        predict = openai_predict("m", base_url=address, api_key="k", max_tokens=7)
        with serving({"m": predict}) as url, client(url) as ai:
            ai.chat.completions.create(**ASK, **{name: 3})
            ai.chat.completions.create(**ASK)
        asked, unasked = (request.body for request in provider.requests(address))
    lengths = {"max_tokens", "max_completion_tokens"}
    assert {key: asked[key] for key in lengths & asked.keys()} == {name: 3}
    assert {key: unasked[key] for key in lengths & unasked.keys()} == {"max_tokens": 7}


def test_models_are_listed_and_one_alone_has_its_own_name() -> None:
    """A single predict is served under the name of its model or backend."""
    with serving({"a": scripted("x"), "b": scripted("y")}) as url, client(url) as ai:
        assert [model.id for model in ai.models.list()] == ["a", "b"]
        assert ai.models.retrieve("b").id == "b"
        with pytest.raises(openai.NotFoundError):
            ai.models.retrieve("c")
    with serving(scripted("x")) as url, client(url) as ai:
        assert [model.id for model in ai.models.list()] == ["scripted"]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"model": "z"}, openai.NotFoundError, "there are m"),
        ({"messages": []}, openai.BadRequestError, "at least one message"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, openai.BadRequestError, "user's"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, openai.BadRequestError, "wizard"),
        ({"n": 2}, openai.BadRequestError, "one choice"),
        ({"stop": 3}, openai.BadRequestError, "stop"),
        ({"messages": ["Hi"]}, openai.BadRequestError, "objects"),
    ],
)
def test_bad_requests_are_explained(
    change: dict[str, Any], error: type[openai.APIStatusError], words: str
) -> None:
    """A client reads what was wrong in OpenAI's own form."""
    with (
        serving({"m": scripted("x")}) as url,
        client(url) as ai,
        pytest.raises(error, match=words),
    ):
        ai.chat.completions.create(**{**ASK, **change})


def test_a_failure_before_any_text_is_a_status() -> None:
    """Streamed or not, a client that retries by status can; the cause keeps its secrets."""
    failed = ProviderStreamError("sk-secret is wrong", status=401)
    with serving({"m": scripted([failed])}) as url, client(url) as ai:
        for stream in (False, True):
            with pytest.raises(openai.InternalServerError) as caught:
                ai.chat.completions.create(**ASK, stream=stream)
            assert caught.value.status_code == 502
            assert "sk-secret" not in str(caught.value)


def test_a_failure_after_text_is_an_error_in_the_stream() -> None:
    """The official client raises; nothing looks finished."""
    failed = ProviderStreamError("gone", status=500)
    with serving({"m": scripted(["Hel", Pause(0.05), failed])}) as url, client(url) as ai:
        stream = ai.chat.completions.create(**ASK, stream=True)
        seen = []
        with pytest.raises(openai.APIError, match="the model failed"):
            for chunk in stream:
                seen.append(chunk.choices[0].delta.content or "")
    assert "".join(seen) == "Hel"


def test_keys_are_asked_for() -> None:
    """Only a bearer of one of the keys is answered; health needs none."""
    with serving({"m": scripted("x")}, api_keys=["one", "two"]) as url:
        with client(url, "two") as ai:
            assert ai.chat.completions.create(**ASK).choices[0].message.content == "x"
        with client(url, "three") as ai, pytest.raises(openai.AuthenticationError):
            ai.chat.completions.create(**ASK)
        with client(url, "three") as ai, pytest.raises(openai.AuthenticationError):
            ai.models.list()
        assert httpx2.get(f"{url}/health").json() == {"status": "ok"}


def test_a_key_may_be_given_alone_and_never_empty() -> None:
    """One string is one key, and an unset variable does not open the door."""
    with serving({"m": scripted("x")}, api_keys="secret-key") as url:
        for key, status in (("s", 401), ("secret-key", 200)):
            answer = httpx2.get(f"{url}/v1/models", headers={"Authorization": f"Bearer {key}"})
            assert answer.status_code == status
    with pytest.raises(OptionError, match="empty"):
        asgi(scripted("x"), api_keys=[""])
    with pytest.raises(OptionError, match="api_keys: a key is no valid Unicode"):
        asgi(scripted("x"), api_keys=["caf\udce9"])


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        {},
        {"m": 1},
        {"": scripted("x")},
        {5: scripted("x")},
        lambda message, history: "",
        "aio",
        "deltas",
    ],
)
def test_what_is_no_predict_is_not_served(wrong: Any) -> None:
    """Not even for the first request."""
    served = getattr(scripted("x"), wrong) if isinstance(wrong, str) else wrong
    with pytest.raises(OptionError, match="predict"):
        asgi(served)


@pytest.mark.parametrize(
    "origin", ["chat.example", "https://chat.example/", "https://A.example", 5]
)
def test_an_origin_that_matches_no_page_is_refused(origin: Any) -> None:
    """Browsers send scheme, host and port, in lower case and without a slash."""
    with pytest.raises(OptionError, match="no origin: give scheme and host"):
        asgi(scripted("x"), cors_origins=[origin])
    for right in ("https://chat.example:8443", "chrome-extension://abc", "null", "*"):
        asgi(scripted("x"), cors_origins=[right])


@pytest.mark.parametrize("wrong", [{"max_body": 0}, {"max_concurrency": 1.5}, {"max_body": "1"}])
def test_a_bound_that_is_none_is_refused(wrong: Any) -> None:
    """Not by an error of the first request."""
    with pytest.raises(OptionError, match=f"{next(iter(wrong))}=.*: give a whole number"):
        asgi(scripted("x"), **wrong)


def test_limits_refuse_what_is_too_much() -> None:
    """A body above the limit is 413, a reply above the number is 503, and neither waits."""
    slow = scripted(["a", Pause(60), Finish("stop")])
    with serving({"m": slow}, max_body=1000, max_concurrency=1) as url, client(url) as ai:
        big = httpx2.post(f"{url}/v1/chat/completions", content=b"x" * 2000)
        assert big.status_code == 413
        with ai.chat.completions.create(**ASK, stream=True) as stream:
            next(stream)
            with pytest.raises(openai.InternalServerError) as caught:
                ai.chat.completions.create(**ASK)
        assert caught.value.status_code == 503
        assert caught.value.response.headers["retry-after"] == "1"


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"model": 3}', b"[" * 100_000])
def test_a_body_that_is_no_request_is_a_400(body: bytes) -> None:
    """Whatever comes is answered in OpenAI's form."""
    with serving({"m": scripted("x")}) as url:
        answer = httpx2.post(f"{url}/v1/chat/completions", content=body)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize("script", [["Hel", Pause(60)], [Pause(60)]], ids=["text", "silent"])
@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_away_stops_the_reply(stream: bool, script: list[Any]) -> None:
    """The backend's stream is closed although the provider was silent."""
    predict = scripted(script)
    with serving({"m": predict}) as url:
        with ask(url, {**ASK, "stream": stream}) as connection:
            assert eventually(lambda: predict.backend.requests)
            came = b""
            while stream and "Hel" in script and b"Hel" not in came:
                came += connection.recv(4096)
        assert eventually(lambda: predict.backend.closed)
    assert len(predict.backend.closed) == 1


def test_local_files_are_never_read() -> None:
    """A path in a message is refused, not opened."""
    content = [{"type": "file", "file": {"path": "/etc/passwd"}}]
    messages = [{"role": "user", "content": content}]
    with serving({"m": scripted("x")}) as url:
        answer = httpx2.post(
            f"{url}/v1/chat/completions", json={"model": "m", "messages": messages}
        )
    assert answer.status_code == 400
    assert "root:" not in answer.text


def test_pages_of_other_origins_may_ask_only_when_allowed() -> None:
    """CORS is off unless an origin is named."""
    origin = {"Origin": "https://chat.example"}
    with serving({"m": scripted("x")}) as url:
        assert (
            "access-control-allow-origin" not in httpx2.get(f"{url}/health", headers=origin).headers
        )
    with serving({"m": scripted("x")}, cors_origins=["https://chat.example"]) as url:
        answer = httpx2.get(f"{url}/health", headers=origin)
    assert answer.headers["access-control-allow-origin"] == "https://chat.example"


def test_the_description_says_what_is_served() -> None:
    """The OpenAPI description names the models and whether a key is needed."""
    with serving({"m": scripted("x")}, api_keys=["k"]) as url:
        key = {"Authorization": "Bearer k"}
        described = httpx2.get(f"{url}/openapi.json", headers=key).json()
    assert described["security"] == [{"key": []}]
    assert "/v1/chat/completions" in described["paths"]
