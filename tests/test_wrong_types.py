"""A value of a wrong type is named where the predict is made, never shown if it may be a key."""

from __future__ import annotations

import math
from typing import Any

import pytest
from openai import Omit

from chatadapters import (
    Limits,
    OptionError,
    Retry,
    TemplateError,
    Timeout,
    Window,
    echo_predict,
    huggingface_predict,
    local_predict,
    openai_predict,
    text_generation_predict,
)

URL = "http://127.0.0.1:9/v1"


HALF = "caf\udce9"  # what Python makes of bytes that are not UTF-8


def openai(**given: Any) -> None:
    openai_predict(**{"model": "m", **given})


def tgi(**given: Any) -> None:
    text_generation_predict(**{"base_url": URL, **given})


def hub(**given: Any) -> None:
    huggingface_predict(**{"model": "m", **given})


def local(**given: Any) -> None:
    local_predict(**given)


@pytest.mark.parametrize(
    ("make", "given", "words"),
    [
        (openai, {"api_key": 5}, "api_key is of type int: give a string, or a callable"),
        (openai, {"api_key": b"pa55word"}, "api_key is of type bytes: give a string"),
        (tgi, {"token": 5}, "token is of type int: give a string"),
        (hub, {"token": b"pa55word"}, "token is of type bytes: give a string"),
        (tgi, {"headers": "pa55word"}, "headers is of type str: give a dict"),
        (hub, {"headers": [1]}, "headers is of type list: give a dict"),
        (tgi, {"headers": {"X": 5}}, r"headers\['X'\] is of type int: give a string"),
        (openai, {"api_key": "pa55word\r\nX: 1"}, "api_key has a line break or another"),
        (
            tgi,
            {"headers": {"Content-Length": "3"}},
            "'Content-Length' is written with each request",
        ),
        (tgi, {"token": "pa55wörd"}, "token has a line break or another character"),
        (openai, {"client": 5}, r"client is of type int: give a client, OpenAI\(...\)"),
        (openai, {"async_client": 5}, "async_client is of type int"),
        (openai, {"base_url": 5}, "base_url is of type int: give a URL"),
        (tgi, {"base_url": 5}, "base_url is of type int: give a URL"),
        (hub, {"base_url": 5}, "base_url is of type int: give a URL"),
        (openai, {"base_url": "http://"}, "base_url='http://': give a URL with a host"),
        (tgi, {"base_url": "http://me:pa55word@:80"}, "base_url=':80': give a URL with a host"),
        (openai, {"base_url": "http://h:99999/v1"}, "give a port from 1 to 65535"),
        (hub, {"base_url": "http://h:0"}, "give a port from 1 to 65535"),
        (tgi, {"base_url": "http://me:pa55word@h:x"}, "give a port from 1 to 65535"),
        (openai, {"base_url": f"{URL}?key=pa55word"}, "has a query.* extra_query="),
        (openai, {"extra_body": "pa55word"}, "extra_body is of type str: give a dict"),
        (openai, {"extra_headers": ["pa55word"]}, "extra_headers is of type list: give a dict"),
        (tgi, {"stop_sequences": 5}, "stop_sequences=5: give strings"),
        (openai, {"extra_headers": {"X": "a\r\nY: pa55word"}}, r"extra_headers\['X'\] has a line"),
        (openai, {"extra_headers": {"X Y": "pa55word"}}, "extra_headers: 'X Y' is no name"),
        (openai, {"extra_headers": {3: "pa55word"}}, "extra_headers: 3 is no name"),
        (openai, {"extra_headers": {"X": None}}, "is of type NoneType: give a string"),
        (tgi, {"headers": {"X": "pa55word\n"}}, r"headers\['X'\] has a line break"),
        (hub, {"headers": {"X": "pa55wörd"}}, r"headers\['X'\] .* give printable ASCII"),
        (hub, {"headers": {"": "pa55word"}}, "headers: '' is no name of a header"),
        (openai, {"temperature": math.nan}, "temperature=nan: give finite numbers"),
        (tgi, {"extra_body": {"a": [math.inf]}}, "extra_body=.*inf.*: give finite numbers"),
        (hub, {"top_p": -math.inf}, "top_p=-inf: give finite numbers"),
        (openai, {"extra_body": {"a": [HALF]}}, "extra_body=.*no half of a surrogate pair"),
        (tgi, {"extra_body": {HALF: 1}}, "extra_body=.*no half of a surrogate pair"),
        (hub, {"tools": [{"name": HALF}]}, "tools=.*no half of a surrogate pair"),
        (openai, {"stop": ["ok", HALF]}, "stop=.*not empty, in valid Unicode"),
        (tgi, {"stop_sequences": HALF}, "stop_sequences=.*not empty, in valid Unicode"),
        (openai, {"model": HALF}, r"model='caf\\udce9': give its name in valid Unicode"),
        (hub, {"model": HALF}, r"model='caf\\udce9': give its name in valid Unicode"),
        (hub, {"provider": HALF}, r"provider='caf\\udce9': give its name in valid Unicode"),
        (tgi, {"model": HALF, "wire": "completions"}, "model=.*: give its name in valid Unicode"),
        (openai, {"base_url": f"{URL}/{HALF}"}, "base_url=.*: give a URL in valid Unicode"),
        (local, {"model": HALF}, "model=.*: llama.cpp opens paths in UTF-8 only"),
        (openai, {"stop": 5}, "stop=.*5.*: give strings"),
        (tgi, {"template": 5}, "template=5: give a DialogueTemplate, or the name of a family"),
        (tgi, {"template": None}, "template=None: give a DialogueTemplate"),
        (hub, {"task": "text-generation", "template": [5]}, r"template=\[5\]: give a Dialogue"),
        (local, {"template": 5}, "template=5: give a DialogueTemplate"),
        (openai, {"pace": None}, "pace=None: give values a second"),
        (openai, {"pace": "5"}, "pace='5': give values a second"),
    ],
)
def test_it_is_named(make: Any, given: dict[str, Any], words: str) -> None:
    """With what to give instead."""
    with pytest.raises(OptionError, match=words) as caught:
        make(**given)
    assert "pa55word" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "given", "words"),
    [
        (tgi, {}, "'temprature' is not an option of this wire: did you mean 'temperature'"),
        (tgi, {"wire": "completions"}, "'temprature' is not an option of this wire"),
        (hub, {}, "'temprature' is not an option of this wire: did you mean 'temperature'"),
        (hub, {"task": "text-generation"}, "'temprature' is not an option of this wire"),
        (local, {}, "no option 'temprature': did you mean 'temperature'"),
        (local, {"template": "chatml"}, "no option 'temprature': did you mean 'temperature'"),
    ],
)
def test_an_additional_input_that_is_no_option_is_named(
    make: Any, given: dict[str, Any], words: str
) -> None:
    """Unless another input says with each message which options there are."""
    with pytest.raises(OptionError, match=words):
        make(**given, additional_inputs=["system", "temprature"])
    make(**given, additional_inputs=["system", "temperature"])
    make(**given, additional_inputs=["template", "temprature"])


@pytest.mark.parametrize(
    ("make", "given", "field"),
    [
        (openai, {}, "messages"),
        (openai, {"api": "responses"}, "input"),
        (tgi, {}, "inputs"),
        (tgi, {"wire": "completions"}, "prompt"),
        (hub, {}, "messages"),
        (hub, {"task": "text-generation"}, "inputs"),
        (local, {}, "messages"),
        (local, {"template": "chatml"}, "prompt"),
    ],
)
def test_a_body_that_would_replace_the_conversation_is_refused(
    make: Any, given: dict[str, Any], field: str
) -> None:
    """What has this name on another wire only is sent."""
    names = {"messages", "input", "inputs", "prompt"}
    make(**given, extra_body=dict.fromkeys(names - {field}, "x"))
    with pytest.raises(
        OptionError, match=rf"extra_body\['{field}'\] would replace the conversation"
    ):
        make(**given, extra_body={field: "pa55word"})


@pytest.mark.parametrize("make", [tgi, hub, local])
def test_an_escape_that_there_is_not_is_named(make: Any) -> None:
    """Also where it is changed later."""
    words = "escape='strop': give one of 'escape', 'strip', 'error', 'off'"
    with pytest.raises(TemplateError, match=words):
        make(escape="strop")
    with pytest.raises(TemplateError, match=words):
        local_predict().using(escape="strop")


@pytest.mark.parametrize(
    ("policy", "given", "words"),
    [
        (Timeout, {"first": "5"}, r"Timeout\(first='5'\): give seconds above 0"),
        (
            Retry,
            {"attempts": "3"},
            r"Retry\(attempts='3'\): give a whole number, 1 \(off\) or more",
        ),
        (Retry, {"attempts": 2.5}, r"Retry\(attempts=2.5\): give a whole number, 1 \(off\)"),
        (Retry, {"attempts": True}, r"Retry\(attempts=True\)"),
        (Retry, {"restarts": 0.5}, r"Retry\(restarts=0.5\): give a whole number, 0 or more"),
        (Timeout, {"first": True}, r"Timeout\(first=True\): give seconds above 0"),
        (Limits, {"event": True}, r"Limits\(event=True\): give a number above 0"),
        (Window, {"turns": 1.5}, r"Window\(turns=1.5\): give a whole number, 1 or more"),
        (Window, {"count": 5}, r"Window\(count=5\): give a function"),
        (Retry, {"wait": None}, r"Retry\(wait=None\): give 0 or more"),
        (Limits, {"reply": "x"}, r"Limits\(reply='x'\): give a number above 0"),
        (Window, {"turns": "x"}, r"Window\(turns='x'\): give a whole number"),
    ],
)
def test_a_policy_names_it(policy: Any, given: dict[str, Any], words: str) -> None:
    """An `OptionError`, as for all other options."""
    with pytest.raises(OptionError, match=words):
        policy(**given)


def test_it_is_named_in_a_changed_predict_too() -> None:
    """Options may also be changed later."""
    with pytest.raises(OptionError, match="stop=.*5"):
        echo_predict().using(stop=5)


@pytest.mark.parametrize(
    "url",
    ["http://[::1]:8000/v1", "http://[::1]", "https://a:b@h/v1", "http://h:80", "http://h:/x"],
)
def test_right_addresses_pass(url: str) -> None:
    """Also of IPv6, with a login, with and without a port."""
    openai(base_url=url)


def test_a_header_that_the_sdk_leaves_out_passes() -> None:
    """The openai SDK's own value for that is not refused."""
    openai_predict("m", extra_headers={"X-Trace": "7", "User-Agent": Omit()})


@pytest.mark.parametrize("number", [True, False])
@pytest.mark.parametrize("name", ["max_tokens", "temperature", "top_p", "seed"])
def test_true_is_no_number(name: str, number: bool) -> None:
    """It is one to Python, JSON's true to a server, and a length of one token to some."""
    with pytest.raises(OptionError, match=f"{name}={number}: give a number"):
        openai(**{name: number})


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 2**70])
def test_no_server_reads_more_than_64_bits(number: int) -> None:
    """Some would take another number for it, and say nothing."""
    with pytest.raises(OptionError, match="give a number of 64 bits at most"):
        openai(seed=number)


@pytest.mark.parametrize(
    "given",
    [
        {"max_tokens": -1},
        {"max_tokens": 0},
        {"max_tokens": "5"},
        {"temperature": -1.0},
        {"top_p": -1},
        {"seed": 2**64 - 1},
        {"logprobs": True},
    ],
)
def test_what_some_provider_takes_is_left_to_it(given: dict[str, Any]) -> None:
    """-1 is no limit, or off, to some; others say themselves what they refuse."""
    openai(**given)
