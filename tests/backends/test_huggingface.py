"""The Hugging Face backend: router, endpoints and TGI, with every huggingface_hub from 0.36."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import AsyncInferenceClient, InferenceClient

from chatadapters import (
    Message,
    MissingDependencyError,
    OptionError,
    ProviderStreamError,
    UnsupportedContentError,
    huggingface_predict,
    make_predict,
)
from chatadapters._http_errors import HTTPStatusError
from chatadapters._parts import ImagePart
from chatadapters.backends._huggingface_hub import is_trusted
from chatadapters.backends.huggingface import HuggingFaceBackend
from chatadapters.templates import DialogueTemplate
from chatadapters.testing import BackendContract, ModelServer, TgiServer
from chatadapters.testing._tgi_tokens import ModelTokens
from tests.backends.served import Served, answer, event
from tests.backends.tgi_package import conforms
from tests.both import Run, complete

pytest_plugins = ["chatadapters.testing.pytest_plugin"]

TOKEN = "hf_abcdefghijklmnop"
NOWHERE = "http://127.0.0.1:1"
DONE = {"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]}
ANSWER = answer(event(DONE), event("[DONE]"))
HISTORY = [["Hello", "Hi!"], ["And?", None]]


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody is logged in."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "token"))


@pytest.fixture
def router(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A router of our own in place of Hugging Face's."""
    with Served([ANSWER]) as server:
        address = server.url.removesuffix("/v1") + "/{provider}"
        monkeypatch.setattr("huggingface_hub.constants.INFERENCE_PROXY_TEMPLATE", address)
        yield server


class TestChatContract(BackendContract):
    """What every backend must do, on a real server's chat completions."""

    @pytest.fixture(autouse=True)
    def serve(self, model_server: ModelServer) -> None:
        self.base_url = model_server.base_url

    def backend(self) -> HuggingFaceBackend:
        return HuggingFaceBackend(base_url=self.base_url)

    def options(self) -> dict[str, Any]:
        return {"temperature": 0, "max_tokens": 6}


class TestTextGenerationContract(BackendContract):
    """What every backend must do, on TGI's wire in front of the real model."""

    @pytest.fixture(autouse=True)
    def serve(self, model_server: ModelServer) -> Iterator[None]:
        with TgiServer(ModelTokens(model_server.base_url.removesuffix("/v1"), {})) as server:
            self.base_url = server.base_url
            yield

    def backend(self) -> HuggingFaceBackend:
        return HuggingFaceBackend(base_url=self.base_url, task="text-generation", template="chatml")

    def options(self) -> dict[str, Any]:
        return {"max_new_tokens": 6}


# What is sent


def test_the_request_of_a_chat() -> None:
    """Messages and options as chat completions have them, four stop sequences at most."""
    predict = huggingface_predict(
        "org/model", system="Be brief.", temperature=0.2, max_tokens=64, stop=list("abcde")
    )
    assert predict.build("Go", HISTORY) == {
        "model": "org/model",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hi!"},
            {"role": "user", "content": "And?\n\nGo"},
        ],
        "stream": True,
        "temperature": 0.2,
        "max_tokens": 64,
        "stop": ["a", "b", "c", "d"],
    }


def test_the_request_of_text_generation() -> None:
    """The prompt by the template and TGI's parameters."""
    predict = huggingface_predict(
        base_url=NOWHERE, task="text-generation", template="starchat", system="S", seed=42
    )
    payload = predict.build("Go", HISTORY)
    assert payload == {
        "inputs": "<|system|>\nS<|end|>\n<|user|>\nHello<|end|>\n<|assistant|>\nHi!<|end|>\n"
        "<|user|>\nAnd?\n\nGo<|end|>\n<|assistant|>\n",
        "parameters": {"seed": 42, "details": True, "stop": ["<|end|>"]},
        "stream": True,
    }
    assert conforms(payload)


def test_the_models_own_template_is_read(tmp_path: Path) -> None:
    """Without a template it is the model's, from the hub or from its folder."""
    DialogueTemplate(user_token="<|human|>").save_pretrained(tmp_path)
    predict = huggingface_predict(str(tmp_path), base_url=NOWHERE, task="text-generation")
    assert "<|human|>\nHi<|end|>" in predict.build("Hi")["inputs"]
    assert "<|human|>" in predict.backend.special_tokens()


def test_a_picture_goes_to_a_chat_and_not_into_a_prompt() -> None:
    """Chat models may see; a prompt is text, and the error names the backend."""
    picture = Message("user", (ImagePart("data:image/png;base64,AA==", "cat.png"),))
    chat = HuggingFaceBackend("org/model").build([picture], {})
    assert chat["messages"][0]["content"][0]["type"] == "image_url"
    prompt = HuggingFaceBackend(base_url=NOWHERE, task="text-generation", template="chatml")
    with pytest.raises(UnsupportedContentError, match="'huggingface'"):
        prompt.build([picture], {})


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        (None, "org/model"),
        ("auto", "org/model"),
        ("groq", "org/model:groq"),
        ("cheapest", "org/model:cheapest"),
    ],
)
def test_the_router_is_told_the_provider(
    provider: str | None, model: str, router: Served, run: Run
) -> None:
    """The provider is a part of the model's name, as the router has it."""
    predict = huggingface_predict("org/model", provider=provider, token=TOKEN)
    assert complete(run, predict, "Hi").text == "Hi"
    [request] = router.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.body["model"] == model


def test_text_generation_has_a_route_of_its_own(router: Served) -> None:
    """Models that Hugging Face itself runs are asked under their names."""
    router.answers = [answer(event({"token": {"text": "Hi"}, "generated_text": "Hi"}))]
    options: dict[str, Any] = {"task": "text-generation", "template": "chatml"}
    assert huggingface_predict("org/model", token=TOKEN, **options).complete("Go").text == "Hi"
    assert router.requests[0].path == "/hf-inference/models/org/model"
    with pytest.raises(OptionError, match="'groq' has chat only"):
        huggingface_predict("org/m", token=TOKEN, provider="groq", **options).complete("Go")


@pytest.mark.parametrize(
    "path", ["", "/", "/v1", "/v1/", "/api", "/api/v1", "/api/chat/completions", "/v1?a=b"]
)
def test_a_chat_goes_where_hubs_own_client_goes(path: str) -> None:
    """The same address and the same body, whatever a base URL ends with."""
    asked = [{"role": "user", "content": "Go"}]
    with Served([ANSWER]) as server:
        url = server.url.removesuffix("/v1") + path
        client = InferenceClient(base_url=url, token=TOKEN)
        stream: Any = client.chat_completion(asked, stream=True, max_tokens=5, stop=["x"])
        list(stream)
        huggingface_predict(base_url=url, token=TOKEN, max_tokens=5, stop="x").complete("Go")
        theirs, ours = server.requests
    assert ours.path == theirs.path
    assert ours.body == theirs.body


def test_a_prompt_goes_where_hubs_own_client_goes() -> None:
    """To the base URL itself."""
    with Served([answer(event({"token": {"text": "Hi"}, "generated_text": "Hi"}))]) as server:
        url = f"{server.url}/models/mine"
        huggingface_predict(base_url=url, task="text-generation", template="chatml").complete("Go")
        assert server.requests[0].path == "/v1/models/mine"


# Who asks


def test_the_saved_token_goes_to_the_router(
    router: Served, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    """The one of the environment or of a login."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    predict = huggingface_predict("org/model")
    complete(run, predict, "Hi")
    assert router.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert TOKEN in predict.backend.secrets()


def test_the_saved_token_goes_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server of somebody else does not get it unasked."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with Served([ANSWER]) as server:
        predict = huggingface_predict(base_url=server.url)
        predict.complete("Hi")
        predict.using(token=lambda: "sk-own").complete("Hi")
        silent, told = server.requests
    assert "authorization" not in silent.headers
    assert told.headers["authorization"] == "Bearer sk-own"


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://router.huggingface.co/v1", True),
        ("https://huggingface.co/api", True),
        ("https://abc.us-east-1.aws.endpoints.huggingface.cloud", True),
        ("https://somebody-app.hf.space/v1", False),
        ("https://evilhuggingface.co", False),
        ("https://huggingface.co.evil.org", False),
        ("https://huggingface.co@evil.org", False),
        ("http://huggingface.co", False),
    ],
)
def test_which_addresses_are_hugging_faces_own(url: str, trusted: bool) -> None:
    """Its own hosts, encrypted; not the programs that its users run."""
    assert is_trusted(url) is trusted


@pytest.mark.parametrize(
    ("token", "words"),
    [(None, "no Hugging Face token: set HF_TOKEN"), ("sk-own-key", "none of Hugging Face")],
)
def test_the_router_wants_a_token_of_hugging_face(
    token: str | None, words: str, router: Served, run: Run
) -> None:
    """The error says how to give one, and nothing is sent."""
    with pytest.raises(OptionError, match=words) as caught:
        complete(run, huggingface_predict("org/model", token=token), "Hi")
    assert "sk-own-key" not in str(caught.value)
    assert router.requests == []


@pytest.mark.parametrize("kind", [InferenceClient, AsyncInferenceClient])
def test_a_client_lends_what_it_knows(kind: Any, router: Served, run: Run) -> None:
    """Model, provider, token, headers and cookies; both kinds serve both colours."""
    client = kind(
        "org/model",
        provider="together",
        token=TOKEN,
        headers={"X-Team": "blue"},
        cookies={"session": "1"},
    )
    predict = huggingface_predict(client=client)
    assert complete(run, predict, "Hi").text == "Hi"
    [request] = router.requests
    assert request.body["model"] == "org/model:together"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert (request.headers["x-team"], request.headers["cookie"]) == ("blue", "session=1")
    assert TOKEN in predict.backend.secrets()


@pytest.mark.parametrize("kind", [InferenceClient, AsyncInferenceClient])
def test_a_client_lends_its_address(kind: Any, run: Run) -> None:
    """What is given beside the client counts first."""
    with Served([ANSWER]) as server:
        predict = huggingface_predict("mine", client=kind(base_url=server.url, token="one"))
        complete(run, predict, "Hi")
        complete(run, predict.using(token="two", headers={"X-Team": "red"}), "Hi")
        first, second = server.requests
    assert first.body["model"] == "mine"
    assert first.headers["authorization"] == "Bearer one"
    assert (second.headers["authorization"], second.headers["x-team"]) == ("Bearer two", "red")


# What fails


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"task": "translation"}, "task='translation': give 'chat' or 'text-generation'"),
        ({"base_url": "localhost"}, "base_url='localhost': give a URL"),
        ({"base_url": NOWHERE, "provider": "groq"}, "provider= for the router, or base_url="),
        ({"template": "chatml"}, "a template is for task='text-generation'"),
        ({"client": "a client"}, "client=str: give an InferenceClient"),
        ({"stop_sequences": list("abcde")}, "servers take 4"),
        ({}, "which model"),
        ({"task": "text-generation", "base_url": NOWHERE}, "which chat template"),
        ({"model": "m", "temprature": 1}, "did you mean 'temperature'"),
        ({"model": "m", "max_new_tokens": 1}, "did you mean 'max_tokens'"),
        ({"model": "m", "api_key": "k"}, "did you mean 'token'"),
    ],
)
def test_a_wrong_setting_is_named(options: dict[str, Any], words: str) -> None:
    """It is refused before anything is sent."""
    with pytest.raises(OptionError, match=words):
        huggingface_predict(**options).build("Hi")


def test_a_refused_token_is_named_but_not_shown(run: Run) -> None:
    """A server that repeats the token in its error does not get it into ours."""
    said = {"error": f"Invalid token {TOKEN}"}
    refused = answer(event(said)[6:], status="401 Unauthorized")
    with Served([refused]) as server:
        predict = huggingface_predict(base_url=server.url, token=TOKEN)
        with pytest.raises(HTTPStatusError, match=r"HTTP 401 .*HF_TOKEN") as caught:
            complete(run, predict, "Hi")
        assert len(server.requests) == 1
    assert TOKEN not in repr(caught.value) + repr(vars(caught.value))


def test_a_loading_model_is_waited_for(run: Run) -> None:
    """The server says for how long."""
    loading = answer(
        b'{"error": "Model is loading", "estimated_time": 0.05}', status="503 Unavailable"
    )
    with Served([loading, ANSWER]) as server:
        reply = complete(run, huggingface_predict(base_url=server.url), "Hi")
    assert (reply.text, reply.attempts) == ("Hi", 2)


def test_a_tool_call_of_an_older_tgi(run: Run) -> None:
    """TGI before 3.1 streams it as an object where others have a list."""
    pieces = [{"name": "weather", "arguments": '{"city":'}, {"arguments": '"Oslo"}'}]
    calls = [{"tool_calls": {"index": 0, "id": "", "function": piece}} for piece in pieces]
    events = [event({"choices": [{"index": 0, "delta": each}]}) for each in calls]
    end = event({"choices": [{"index": 0, "delta": {}, "finish_reason": "eos_token"}]})
    with Served([answer(*events, end, event("[DONE]"))]) as server:
        reply = complete(run, huggingface_predict(base_url=server.url), "Hi")
    assert reply.finish_reason == "tool_calls"
    assert [call["function"] for call in reply.tool_calls] == [
        {"name": "weather", "arguments": '{"city":"Oslo"}'}
    ]


@pytest.mark.parametrize("code", ["context_length_exceeded", "content_policy_violation"])
def test_what_stays_wrong_is_not_repeated(code: str, run: Run) -> None:
    """An error inside the stream that another attempt would meet again."""
    wrong = {"error": {"message": "too long", "code": code}}
    with Served([answer(event(wrong))]) as server:
        with pytest.raises(ProviderStreamError, match="too long"):
            complete(run, huggingface_predict(base_url=server.url), "Hi")
        assert len(server.requests) == 1


def test_a_wrong_address_is_named() -> None:
    """404 says what to check."""
    with (
        Served([answer(b"Not Found", status="404 Not Found")]) as server,
        pytest.raises(HTTPStatusError, match="is base_url right"),
    ):
        huggingface_predict(base_url=server.url).complete("Hi")


def test_missing_hub_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is needed for the saved token and the router; a base URL does without."""
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingDependencyError, match=r"chatadapters\[huggingface\]"):
        huggingface_predict("org/model").complete("Hi")
    with Served([ANSWER]) as server:
        assert huggingface_predict(base_url=server.url).complete("Hi").text == "Hi"


# What it is


def test_a_prompt_can_be_resumed_and_a_chat_cannot() -> None:
    """Where the prompt is ours, a broken reply goes on."""
    raw = HuggingFaceBackend(base_url=NOWHERE, task="text-generation", template="chatml")
    conversation = [Message("user", "Hi")]
    resumed = raw.resume(raw.build(conversation, {}), "Hello you")
    assert resumed is not None
    assert resumed["inputs"].endswith("<|im_start|>assistant\nHello you")
    chat = HuggingFaceBackend("org/model")
    payload = chat.build(conversation, {})
    assert chat.resume(payload, "Hello you") is None
    assert not chat.starts_inside_reasoning(payload)
    assert not raw.starts_inside_reasoning(resumed)
    assert (chat.special_tokens(), "<|im_end|>" in raw.special_tokens()) == ((), True)


def test_options_of_openais_api_have_a_name_here() -> None:
    """A server made of this predict passes on what the task has."""
    raw = HuggingFaceBackend(base_url=NOWHERE, task="text-generation", template="chatml")
    assert raw.request_options()["max_tokens"] == "max_new_tokens"
    assert HuggingFaceBackend("org/model").request_options()["tools"] == "tools"


def test_one_string_names_the_backend_and_the_model() -> None:
    """What the command line takes: a model on the hub, or an address."""
    assert make_predict("huggingface:org/model").backend == HuggingFaceBackend("org/model")
    by_url = make_predict(f"huggingface:{NOWHERE}/v1").backend
    assert by_url == HuggingFaceBackend(base_url=f"{NOWHERE}/v1")


def test_it_hides_and_drops_its_secrets() -> None:
    """The repr and pickles hold no token; a client cannot travel, and the error says so."""
    backend = HuggingFaceBackend("org/model", "groq", token=TOKEN)
    assert repr(backend) == ("HuggingFaceBackend(model='org/model', provider='groq', task='chat')")
    assert TOKEN.encode() not in pickle.dumps(backend)
    assert pickle.loads(pickle.dumps(backend)) == HuggingFaceBackend("org/model", "groq")
    lent = HuggingFaceBackend(client=InferenceClient("org/model", token=TOKEN))
    assert TOKEN not in repr(lent)
    with pytest.raises(TypeError, match="client= cannot be pickled"):
        pickle.dumps(lent)
