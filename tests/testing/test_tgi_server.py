"""The server of TGI's wire, as hub's own client of that wire sees it."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import Request, urlopen

import pytest
from huggingface_hub import InferenceClient
from huggingface_hub.errors import ValidationError

from chatadapters.testing import tgi_server


def asked(url: str, prompt: str = "Hi", **options: Any) -> list[Any]:
    """Give the events that hub's client reads."""
    client = InferenceClient(url)  # must live as long as its stream
    stream: Any = client.text_generation(prompt, stream=True, details=True, **options)
    return list(stream)


def test_tokens_come_one_by_one_and_the_last_has_it_all() -> None:
    """Special tokens are marked and are no part of the text."""
    with tgi_server(["Hello", " you"]) as server:
        *begun, last = asked(server.base_url)
    assert [event.token.text for event in begun] == ["Hello", " you"]
    assert (last.token.text, last.token.special) == ("</s>", True)
    assert last.generated_text == "Hello you"
    assert (last.details.finish_reason, last.details.generated_tokens) == ("eos_token", 3)


@pytest.mark.parametrize(
    ("stop", "shown", "reason"),
    [
        (" you", "Hello you", "stop_sequence"),
        ("lo you", "Hello you", "stop_sequence"),
        ("Hello", "Hello", "stop_sequence"),
        ("Hell", "Hello you", "eos_token"),
    ],
)
def test_a_stop_ends_a_reply_at_the_end_of_a_token(stop: str, shown: str, reason: str) -> None:
    """It is part of the text, and one inside a token is not seen."""
    with tgi_server(["Hello", " you"]) as server:
        *_, last = asked(server.base_url, stop=[stop])
    assert (last.generated_text, last.details.finish_reason) == (shown, reason)


def test_the_length_counts_before_a_stop() -> None:
    """TGI tests it first."""
    with tgi_server(["Hello", " you"]) as server:
        *_, last = asked(server.base_url, max_new_tokens=2, stop=[" you"])
    assert (last.generated_text, last.details.finish_reason) == ("Hello you", "length")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"prompt": ""}, "`inputs` cannot be empty"),
        ({"temperature": -1.0}, "`temperature` must be strictly positive"),
        ({"top_p": 1.0}, "`top_p` must be > 0.0 and < 1.0"),
        ({"stop": list("abcde")}, "`stop` supports up to 4 stop sequences. Given: 5"),
    ],
)
def test_wrong_parameters_are_told_inside_the_stream(options: dict[str, Any], words: str) -> None:
    """The status is 200 all the same."""
    with tgi_server(["Hello"]) as server, pytest.raises(ValidationError, match=words):
        asked(server.base_url, **options)


def test_parameters_that_are_null_are_not_given() -> None:
    """The text-generation package sends all of them."""
    parameters: dict[str, Any] = {
        "temperature": None,
        "truncate": None,
        "stop": [],
        "max_new_tokens": 1,
    }
    body = {"inputs": "Hi", "parameters": parameters, "stream": True}
    with tgi_server(["Hello", " you"]) as server:
        request = Request(server.base_url, json.dumps(body).encode())
        with urlopen(request, timeout=10) as said:
            assert b'"generated_text": "Hello"' in said.read()


def test_the_embedded_model_answers() -> None:
    """Greedy unless sampling is asked for; the reply ends with the model's own end token."""
    prompt = "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"
    with tgi_server() as server:
        *_, last = asked(server.base_url, prompt, max_new_tokens=16)
    assert last.generated_text == "The capital of France is Paris."
    assert last.token.special
