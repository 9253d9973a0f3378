"""Errors as OpenAI's API has them: the status, and which field of the request was wrong."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx2
import openai
import pytest

from chatadapters import OptionError, ProviderStreamError, openai_predict
from chatadapters._errors import InjectionError
from chatadapters.server import _json
from chatadapters.server._errors import RefusedError
from chatadapters.testing.faults import FaultServer
from tests.server.serving import ASK, client, scripted, serving

CHAT, RAW = "/v1/chat/completions", "/v1/completions"
SAID = ASK["messages"]


def refused(url: str, body: Any, path: str = CHAT, status: int = 400) -> dict[str, Any]:
    """Give the error that a request is answered with."""
    answer = httpx2.post(f"{url}{path}", json=body)
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    return error


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        ({"messages": SAID}, "model", "give the name of a model"),
        ({**ASK, "model": None}, "model", "give the name of a model"),
        ({**ASK, "temperature": "hot"}, "temperature", "give a number"),
        ({**ASK, "n": 2}, "n", "one choice"),
        ({**ASK, "top_logprobs": 3}, "top_logprobs", "not given here"),
        ({**ASK, "stop": ["x"] * 65}, "stop", "at most 64"),
        ({**ASK, "stop": "x" * 1001}, "stop", "1000 characters"),
        ({**ASK, "tools": [{"type": "function"}]}, "tools", "no such option"),
        ({"model": "m"}, "messages", "at least one message"),
        ({"model": "m", "messages": [*SAID, {"role": "x", "content": "y"}]}, "messages",
         r"messages[1] is {'role': 'x'"),
        ({"model": "m", "messages": [*SAID, {"role": "assistant", "tool_calls": [3]}, *SAID]},
         "messages", "messages[1] is {'role': 'assistant', 'tool_calls': [3]}: tool_calls: give"),
        ({"model": "m", "messages": [{"role": "user", "content": {"path": "/etc/passwd"}}]},
         "messages", "is local: no such file is read"),
        ([], None, "must be a JSON object"),
    ],
)  # fmt: skip
def test_the_field_that_was_wrong_is_named(body: Any, param: str | None, words: str) -> None:
    """As `param`, in which clients look for it, and in the message."""
    with serving({"m": scripted("x")}) as url:
        error = refused(url, body)
    assert error["param"] == param
    assert words in error["message"]
    assert error["type"] == "invalid_request_error"


def test_the_field_of_the_raw_route_is_named() -> None:
    """There the conversation is the prompt, also when the backend refuses it."""
    with serving({"m": scripted([InjectionError("forged")])}) as url:
        assert refused(url, {"model": "m", "prompt": []}, RAW)["param"] == "prompt"
        assert refused(url, {"model": "m", "prompt": "Hi"}, RAW)["param"] == "prompt"


def test_a_model_that_is_not_served_is_named() -> None:
    """With its own code, in requests and below `/v1/models`."""
    with serving({"m": scripted("x")}) as url, client(url) as ai:
        for ask in (lambda: ai.chat.completions.create(**{**ASK, "model": "z"}),
                    lambda: ai.models.retrieve("z")):  # fmt: skip
            with pytest.raises(openai.NotFoundError, match="there are m") as caught:
                ask()
            assert (caught.value.param, caught.value.code) == ("model", "model_not_found")


def test_an_option_that_the_backend_refuses_is_a_400() -> None:
    """What the caller can mend is told."""
    with serving({"m": scripted([OptionError("temperature: not with this model")])}) as url:
        assert refused(url, ASK)["message"] == "temperature: not with this model"


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_what_the_provider_refuses_is_a_400(status: int) -> None:
    """With the provider's own code, by which clients know a context that is too long."""
    failed = ProviderStreamError("too long", status=status, code="context_length_exceeded")
    with serving({"m": scripted([failed])}) as url:
        error = refused(url, ASK)
    assert error["code"] == "context_length_exceeded"
    assert error["message"] == "the model refuses this request: too long"


def test_a_real_provider_s_refusal_keeps_its_code() -> None:
    """Through the real SDK too."""
    with FaultServer() as provider:
        predict = openai_predict("m", base_url=provider.url("s400_context"), api_key="k")
        with serving({"m": predict}) as url:
            assert refused(url, ASK)["code"] == "context_length_exceeded"


def test_a_busy_provider_s_wait_is_passed_on() -> None:
    """Clients wait as long as the provider wants."""
    with FaultServer() as provider:
        predict = openai_predict("m", base_url=provider.url("s429_retry_after_3600"), api_key="k")
        with serving({"m": predict}) as url:
            answer = httpx2.post(f"{url}{CHAT}", json=ASK)
    assert answer.status_code == 429
    assert 3500 < int(answer.headers["retry-after"]) <= 3600
    assert answer.json()["error"]["type"] == "rate_limit_error"


def test_a_spent_quota_is_told_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Waiting does not help; whoever runs the server can mend it."""
    failed = ProviderStreamError("no money", status=429, code="insufficient_quota")
    with serving({"m": scripted([failed])}) as url, caplog.at_level(logging.WARNING):
        error = refused(url, ASK, status=429)
    assert error["code"] == "insufficient_quota"
    assert error["message"] == "the server has used up what its provider lets it have"
    assert "no money" in caplog.text


def test_a_field_without_effect_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """It is left out, as other servers do it; what says nothing about the reply is not told."""
    body = {**ASK, "seed": 1, "temprature\n": 2, "temperature": 1, "user": "u", "top_k": None}
    with serving({"m": scripted("x", "x")}) as url, caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert httpx2.post(f"{url}{CHAT}", json=body).status_code == 200
    assert [record.getMessage() for record in caplog.records] == [
        "model 'm' has no option 'seed': requests are answered without",
        r"model 'm' has no option 'temprature\n': requests are answered without",
    ]


def test_names_of_fields_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A client can think of any number of them."""
    body = {**ASK, **{f"field{number}": 1 for number in range(1000)}}
    with serving({"m": scripted("x")}) as url, caplog.at_level(logging.WARNING):
        assert httpx2.post(f"{url}{CHAT}", json=body).status_code == 200
    assert len(caplog.records) == 100


@pytest.mark.parametrize("value", ["[],", '{"a":1},', "0,", "[[[]]],"])
def test_a_request_that_takes_long_to_read_is_refused(value: str) -> None:
    """What is short to send may be long to read, and all other replies wait for it."""
    most = _json._MOST
    few, many = (f'{{"x": [{value * count}0]}}'.encode() for count in (most // 5, most))
    assert _json.read_json(few)
    for body in (many, many.replace(b'"x"', b'"\\",[\\""', 1)):
        with pytest.raises(RefusedError, match="more than 100000 values"):
            _json.read_json(body)


@pytest.mark.parametrize("text", [",[{" * 100_000, ',"[\\{' * 100_000, "\\" * 300_000 + ","])
def test_a_long_text_is_no_such_request(text: str) -> None:
    """Commas and brackets inside of strings are not counted."""
    assert _json.read_json(json.dumps({"x": [text]}).encode()) == {"x": [text]}


def test_a_body_with_a_mark_of_its_encoding_is_read() -> None:
    """As Windows writes it; any other encoding than UTF-8 is no JSON."""
    body = json.dumps(ASK)
    assert _json.read_json(body.encode("utf-8-sig")) == ASK
    with pytest.raises(RefusedError, match="not JSON"):
        _json.read_json(body.encode("utf-16"))


def test_no_path_redirects() -> None:
    """A redirect would lead where the Host header says, and a POST there would have no body."""
    with serving({"m": scripted("x")}) as url:
        answer = httpx2.post(f"{url}{CHAT}/", json=ASK, headers={"Host": "evil.example"})
    assert answer.status_code == 404
    assert "location" not in answer.headers


def test_a_base_url_without_its_path_is_told() -> None:
    """What a client asks that was given the address alone says what is missing."""
    with serving({"m": scripted("x")}) as url:
        lost = httpx2.post(f"{url}/chat/completions", json=ASK)
        other = httpx2.post(f"{url}/v1/embeddings", json=ASK)
    assert (lost.status_code, other.status_code) == (404, 404)
    told = "POST /chat/completions: Not Found; a base URL of this server ends in /v1"
    assert lost.json()["error"]["message"] == told
    assert other.json()["error"]["message"] == "POST /v1/embeddings: Not Found"


def test_the_description_needs_a_key_too() -> None:
    """It names the models, as the list of them does."""
    with serving({"m": scripted("x")}, api_keys=["k"]) as url:
        assert httpx2.get(f"{url}/openapi.json").status_code == 401
