"""The OpenAI backend as a value: its configuration and its payloads."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from typing import Any

import openai
import pytest

from chatadapters._errors import OptionError, ProviderStreamError
from chatadapters.backends.openai import OpenAIBackend
from chatadapters.testing import BackendContract
from tests.backends.openai_fetch import HI, KEY, Fetch
from tests.backends.served import Served

pytestmark = pytest.mark.usefixtures("no_environment")


class TestContract(BackendContract):
    """What holds for every backend."""

    @pytest.fixture(autouse=True)
    def _server(self, server: Served) -> None:
        self.url = server.url

    def backend(self) -> OpenAIBackend:
        return OpenAIBackend("m", base_url=self.url, api_key=KEY)


# Payloads


def test_the_payload_is_what_create_takes() -> None:
    """Model, messages, stream, and the options as they are."""
    backend = OpenAIBackend("m", base_url="http://127.0.0.1:1")
    options = {"temperature": 0, "tools": [{"type": "function"}], "extra_body": {"top_k": 5}}
    assert backend.build(HI, options) == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        **options,
    }


def test_the_responses_payload_has_no_stop() -> None:
    """That API has no stop sequences; they are enforced on arrival."""
    backend = OpenAIBackend("m", api="responses")
    assert backend.build(HI, {"stop": ("a",), "reasoning": {"effort": "low"}}) == {
        "model": "m",
        "input": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "reasoning": {"effort": "low"},
    }


def test_four_stop_sequences_are_sent() -> None:
    """More would be refused, and all are enforced on arrival."""
    assert OpenAIBackend("m").build(HI, {"stop": tuple("abcde")})["stop"] == list("abcd")


def test_usage_is_asked_for_at_openai_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other servers may refuse the option."""

    def asked(backend: OpenAIBackend, **options: Any) -> Any:
        return backend.build(HI, options).get("stream_options")

    assert asked(OpenAIBackend("m")) == {"include_usage": True}
    assert asked(OpenAIBackend("m"), stream_options={"a": 1}) == {"a": 1}
    assert asked(OpenAIBackend("m", base_url="http://127.0.0.1:1")) is None
    assert asked(OpenAIBackend("m", client=openai.OpenAI(api_key=KEY))) is None
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1")
    assert asked(OpenAIBackend("m")) is None


def test_the_options_are_not_changed() -> None:
    """The caller's dict and history are only read."""
    options = {"stop": ("a", "b")}
    conversation = list(HI)
    OpenAIBackend("m").build(conversation, options)
    assert options == {"stop": ("a", "b")}
    assert conversation == HI


@pytest.mark.parametrize(
    ("api", "option", "near"),
    [
        ("chat", "temprature", "temperature"),
        ("responses", "max_output_token", "max_output_tokens"),
        ("chat", "max_retries", "retry"),
        ("chat", "token", "api_key"),
        ("chat", "api_base", "base_url"),
        ("responses", "system_prompt", "system"),
    ],
)
def test_an_unknown_option_is_named(api: Any, option: str, near: str) -> None:
    """With the nearest one, and where others go."""
    with pytest.raises(OptionError, match=f"'{option}'.*'{near}'.*extra_body"):
        OpenAIBackend("m", api=api).build(HI, {option: 1})


def test_what_the_sdk_knows_is_an_option() -> None:
    """Also when it is not among the common ones."""
    assert OpenAIBackend("m").build(HI, {"prompt_cache_key": "a"})["prompt_cache_key"] == "a"
    with pytest.raises(OptionError):
        OpenAIBackend("m").build(HI, {"truncation": "auto"})


@pytest.mark.parametrize("option", ["stream", "n", "messages", "input", "timeout"])
def test_what_is_ours_is_no_option(option: str) -> None:
    """A reply is one stream of this conversation."""
    with pytest.raises(OptionError, match=option):
        OpenAIBackend("m").build(HI, {option: 1})


@pytest.mark.parametrize("fields", [{"api": "chats"}, {"base_url": "localhost:8000/v1"}])
def test_a_wrong_configuration_is_named(fields: dict[str, Any]) -> None:
    """The error shows the value."""
    with pytest.raises(OptionError, match=next(iter(fields.values()))):
        OpenAIBackend("m", **fields)


# The backend as a value


def test_it_is_compared_by_its_configuration() -> None:
    """Clients are no part of it."""
    backend = OpenAIBackend("m", api_key=KEY)
    assert backend == OpenAIBackend("m", api_key=KEY, client=openai.OpenAI(api_key=KEY))
    assert hash(backend) == hash(OpenAIBackend("m", api_key=KEY))
    assert backend != OpenAIBackend("m", api_key="sk-other")
    assert backend != replace(backend, api="responses")


def test_its_repr_hides_secrets() -> None:
    """Neither the key nor a password in the URL shows."""
    backend = OpenAIBackend("m", base_url="http://me:pass@host:8/v1", api_key=KEY)
    assert repr(backend) == "OpenAIBackend('m', base_url='http://host:8/v1', api='chat')"


@pytest.mark.parametrize("url", ["me:s3cret@h/v1", "ftp://me:s3cret@h/v1", "me:s3cret@http://h/v1"])
def test_a_wrong_url_hides_its_password(url: str) -> None:
    """The error shows the rest."""
    with pytest.raises(OptionError, match="h/v1") as caught:
        OpenAIBackend("m", base_url=url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("login", ["me:s3cret", "s3cret"])
def test_a_password_in_the_url_is_not_pickled(login: str) -> None:
    """Neither in full nor in part; the error says what else to do."""
    backend = OpenAIBackend("m", base_url=f"http://{login}@h/v1")
    with pytest.raises(TypeError, match="OPENAI_BASE_URL") as caught:
        pickle.dumps(backend)
    assert "s3cret" not in str(caught.value)


def test_a_key_stays_behind_when_pickled(
    server: Served, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read from the environment on arrival."""
    backend = OpenAIBackend("m", base_url=server.url, api_key=KEY)
    fetch(backend)
    data = pickle.dumps(backend)
    assert KEY.encode() not in data
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-there")
    fetch(pickle.loads(data))
    assert server.requests[-1].headers["authorization"] == "Bearer sk-of-there"


def given_key() -> str:
    return KEY


def test_a_callable_key_travels() -> None:
    """It is the way to give a key to other processes."""
    backend = OpenAIBackend("m", api_key=given_key)
    assert pickle.loads(pickle.dumps(backend)) == backend


@pytest.mark.parametrize("name", ["client", "async_client"])
def test_a_client_cannot_be_pickled(name: str) -> None:
    """The error names the argument."""
    kinds = {"client": openai.OpenAI, "async_client": openai.AsyncOpenAI}
    lent: dict[str, Any] = {name: kinds[name](api_key=KEY)}
    with pytest.raises(TypeError, match=f"{name}="):
        pickle.dumps(OpenAIBackend("m", **lent))


def test_a_copy_is_the_same() -> None:
    """Copying, unlike pickling, keeps the key and the clients."""
    backend = OpenAIBackend("m", api_key=KEY, client=openai.OpenAI(api_key=KEY))
    assert copy.copy(backend) is backend
    assert copy.deepcopy([backend])[0] is backend


@pytest.mark.parametrize(
    ("code", "answer"),
    [("context_length_exceeded", False), ("server_error", None), (None, None)],
)
def test_a_wrong_request_stays_wrong(code: str | None, answer: bool | None) -> None:
    """An error in a stream that another attempt would meet again is known."""
    assert OpenAIBackend("m").retryable(ProviderStreamError("no", code=code)) is answer


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("client", 5),
        ("client", openai.AsyncOpenAI(api_key="k")),
        ("async_client", openai.OpenAI(api_key="k")),
        ("async_client", openai.AsyncOpenAI),
    ],
    ids=["number", "async", "sync", "class"],
)
def test_a_client_of_the_other_colour_is_refused(option: str, value: Any) -> None:
    """The error says which class is wanted, before anything is sent."""
    with pytest.raises(OptionError, match=f"{option} is of type .*: give a client, "):
        OpenAIBackend("m", **{option: value})


@pytest.mark.parametrize("model", [None, "", 5])
def test_a_model_is_needed(model: Any) -> None:
    """A null would come back as an error of the server's."""
    with pytest.raises(OptionError, match="model=.*: give its name"):
        OpenAIBackend(model)
