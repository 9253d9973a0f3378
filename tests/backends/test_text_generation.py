"""The text-generation backend: what it sends, what fails, and what never shows."""

from __future__ import annotations

import copy
import pickle
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

from chatadapters import (
    Message,
    MissingDependencyError,
    OptionError,
    Retry,
    TemplateError,
    UnsupportedContentError,
    make_predict,
    text_generation_predict,
)
from chatadapters._http_errors import HTTPStatusError
from chatadapters._parts import ImagePart
from chatadapters.backends.text_generation import TextGenerationBackend
from chatadapters.templates import DialogueTemplate, Layout, get_template
from chatadapters.testing import tgi_server
from chatadapters.testing.faults import FaultServer
from tests.backends.served import HOLD, Served, answer, event
from tests.backends.tgi_package import conforms, error_type
from tests.both import Run, complete

pytest_plugins = ["chatadapters.testing.pytest_plugin"]

NOWHERE = "http://127.0.0.1:1"
KEY = "tgi-token-1234567"
SYSTEM = "Below is a dialogue between a human and an AI assistant called StarChat."
MESSAGE = "Write a function that adds two numbers."
HISTORY = [["Hello", "Hi! How can I help?"], ["Which language do you like?", None]]
STARCHAT = (
    "<|user|>\nHello<|end|>\n<|assistant|>\nHi! How can I help?<|end|>\n"
    "<|user|>\nWhich language do you like?\n\n"
    "Write a function that adds two numbers.<|end|>\n<|assistant|>\n"
)
PARAMETERS: dict[str, Any] = {
    "temperature": 0.2,
    "max_new_tokens": 256,
    "top_p": 0.95,
    "repetition_penalty": 1.2,
    "do_sample": True,
    "truncate": 999,
    "seed": 42,
}


# What is sent


def test_the_request_to_tgi() -> None:
    """The prompt in StarChat's form, and every parameter; nothing of the caller's is changed."""
    history = copy.deepcopy(HISTORY)
    predict = text_generation_predict(
        NOWHERE, system=SYSTEM, stop_sequences=["<|end|>"], **PARAMETERS
    )
    payload = predict.build(MESSAGE, history)
    assert payload == {
        "inputs": f"<|system|>\n{SYSTEM}<|end|>\n{STARCHAT}",
        "parameters": {**PARAMETERS, "details": True, "stop": ["<|end|>"]},
        "stream": True,
    }
    assert conforms(payload)
    assert history == HISTORY


def test_the_request_without_a_system_text() -> None:
    """StarChat was trained with an empty system turn, so it is written."""
    payload = text_generation_predict(NOWHERE).build(MESSAGE, HISTORY)
    assert payload == {
        "inputs": f"<|system|>\n<|end|>\n{STARCHAT}",
        "parameters": {"details": True, "stop": ["<|end|>"]},
        "stream": True,
    }


def test_the_request_with_a_text_file(tmp_path: Path) -> None:
    """The text of a file stands in the user's turn, under its name."""
    (tmp_path / "note.txt").write_text("a note")
    message = {"text": "Sum it up.", "files": [str(tmp_path / "note.txt")]}
    predict = text_generation_predict(NOWHERE, template="chatml")
    assert predict.build(message, [])["inputs"] == (
        "<|im_start|>user\nnote.txt:\n```\na note\n```\n\nSum it up.<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_the_request_of_raw_completions() -> None:
    """The same prompt, with the names of OpenAI's raw completions."""
    predict = text_generation_predict(
        f"{NOWHERE}/v1", wire="completions", model="starchat", max_tokens=64, system=SYSTEM
    )
    extra = {"stop": "###", "extra_body": {"min_tokens": 2}}
    assert predict.using(**extra).build(MESSAGE, HISTORY) == {
        "model": "starchat",
        "prompt": f"<|system|>\n{SYSTEM}<|end|>\n{STARCHAT}",
        "stream": True,
        "max_tokens": 64,
        "stop": ["<|end|>", "###"],
        "min_tokens": 2,
    }


def test_a_template_may_be_given_in_every_form() -> None:
    """A name, or a template of one's own."""
    own = DialogueTemplate(system="Obey.", user_token="<|human|>")
    by_value = text_generation_predict(NOWHERE, template=own).build("Hi")
    assert by_value["inputs"] == "<|system|>\nObey.<|end|>\n<|human|>\nHi<|end|>\n<|assistant|>\n"
    by_name = text_generation_predict(NOWHERE, template="chatml").build("Hi")
    assert by_name == text_generation_predict(NOWHERE, template=get_template("chatml")).build("Hi")
    with pytest.raises(TemplateError, match="no template 'starchart'.*'starchat'"):
        text_generation_predict(NOWHERE, template="starchart").build("Hi")


@pytest.mark.parametrize(
    ("escape", "shown"), [("escape", "< |end|>"), ("strip", ""), ("off", "<|end|>")]
)
def test_text_cannot_forge_a_turn(escape: str, shown: str) -> None:
    """Control tokens in the text are made harmless, or not, as `escape` says."""
    predict = text_generation_predict(NOWHERE, escape=escape)
    assert f"<|user|>\na{shown}b<|end|>" in predict.build("a<|end|>b")["inputs"]


def test_four_stops_are_sent(run: Run) -> None:
    """The end token first, then those that were asked for; all of them are kept."""
    stop = ["\nHuman:", "\nUser:", "###", "END"]
    with tgi_server(["A", "B", "E", "ND", "C"]) as server:
        predict = text_generation_predict(server.base_url, stop=stop, stop_sequences=["\n\n\n"])
        sent = predict.build("Hi")["parameters"]["stop"]
        assert sent == ["<|end|>", "\n\n\n", "\nHuman:", "\nUser:"]
        assert complete(run, predict, "Hi").text == "AB"


def test_more_stop_sequences_than_a_server_takes_are_refused() -> None:
    """Under TGI's own name for them its limit holds; the error says what to do."""
    with pytest.raises(OptionError, match=r"servers take 4 by default. Give them as stop="):
        text_generation_predict(NOWHERE, stop_sequences=list("abcde"))
    assert text_generation_predict(NOWHERE, stop=list("abcde")).build("Hi")


def test_options_may_be_extra_inputs_of_the_ui() -> None:
    """Sliders of a UI set parameters, the template and the system text."""
    inputs = ("system", "temperature", "stop_sequences")
    predict = text_generation_predict(NOWHERE, additional_inputs=inputs)
    payload = predict.build("Hi", [], "Obey.", 0.7, "###")
    assert payload["inputs"].startswith("<|system|>\nObey.<|end|>")
    assert payload["parameters"]["temperature"] == 0.7
    assert payload["parameters"]["stop"] == ["<|end|>", "###"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"wire": "grpc"}, "wire='grpc': give 'tgi' or 'completions'"),
        ({"wire": []}, r"wire=\[\]: give 'tgi' or 'completions'"),
        ({"template": None}, "template=None: give a DialogueTemplate, or the name"),
        ({"stop_sequences": None}, "stop_sequences=None: give"),
        ({"stop_sequences": 5}, "stop_sequences=5: give"),
        ({"base_url": "localhost:8080"}, "base_url='localhost:8080': give a URL"),
        ({"model": "m"}, "model='m': a TGI server has one model"),
        ({"stop_sequences": ["a", ""]}, r"stop_sequences=\['a', ''\]"),
    ],
)
def test_a_wrong_setting_is_named(options: dict[str, Any], words: str) -> None:
    """It is refused before anything is sent."""
    with pytest.raises(OptionError, match=words):
        text_generation_predict(**{"base_url": NOWHERE, **options}).build("Hi")


@pytest.mark.parametrize(("wire", "wrong"), [("tgi", "max_tokens"), ("completions", "truncate")])
def test_an_option_of_the_other_wire_is_refused(wire: Any, wrong: str) -> None:
    """Each wire has its own names."""
    options: Any = {wrong: 10}
    with pytest.raises(OptionError, match=f"'{wrong}' is not an option of this wire"):
        text_generation_predict(NOWHERE, wire=wire, **options).build("Hi")


def test_a_picture_cannot_be_sent() -> None:
    """The error names the part and the backend."""
    picture = Message("user", (ImagePart("data:image/png;base64,AA==", "cat.png"),))
    with pytest.raises(UnsupportedContentError, match=r"the image 'cat\.png'.*'text-generation'"):
        TextGenerationBackend(NOWHERE).build([picture], {})


def test_one_string_names_the_backend_and_the_server() -> None:
    """What the command line takes."""
    predict = make_predict("text-generation:http://127.0.0.1:8080", template="chatml")
    assert predict.backend == TextGenerationBackend("http://127.0.0.1:8080", template="chatml")


def test_options_of_openais_api_have_a_name_here() -> None:
    """A server made of this predict passes on what the wire has."""
    assert TextGenerationBackend(NOWHERE).request_options()["max_tokens"] == "max_new_tokens"
    raw = TextGenerationBackend(NOWHERE, wire="completions").request_options()
    assert raw["max_completion_tokens"] == raw["max_tokens"] == "max_tokens"


# How it is read


def test_a_stop_that_the_cut_would_split_prevents_resuming() -> None:
    """Else its first half would be in the prompt and its second half in the answer."""
    backend = TextGenerationBackend(NOWHERE, stop_sequences=["User: Bob", "you!"])
    payload = backend.build([Message("user", "Hi")], {})
    assert backend.resume(payload, "Hello User:") is None
    resumed = backend.resume(payload, "Hello you")
    assert resumed is not None
    assert resumed["inputs"].endswith("<|assistant|>\nHello you")


@pytest.mark.parametrize(("opens", "closes"), [("<think>", "</think>"), ("[THINK]", "[/THINK]")])
def test_a_reply_may_begin_inside_reasoning(opens: str, closes: str) -> None:
    """A template that opens a block of reasoning makes the reply begin in it."""
    layout = Layout(user=("U: ", "\n"), assistant=("A: ", "\n"), generation_prompt=f"A: {opens}")
    with tgi_server(["Hm.", closes, "Yes"]) as server:
        template = DialogueTemplate(layout=layout)
        reply = text_generation_predict(server.base_url, template=template).complete("Well?")
    assert (reply.reasoning, reply.text) == ("Hm.", "Yes")


# What fails


@pytest.mark.parametrize("wire", ["tgi", "completions"])
def test_a_server_that_is_another_one_is_named(wire: Any, run: Run) -> None:
    """404 says what to check, and the request is not repeated."""
    typed = error_type("NotFoundError", HTTPStatusError) if wire == "tgi" else HTTPStatusError
    with tgi_server([]) as server:
        predict = text_generation_predict(f"{server.base_url}/v1", wire=wire)
        with pytest.raises(typed) as caught:
            complete(run, predict, "Hi")
        assert len(server.requests) == 1
    assert "HTTP 404 from http://127.0.0.1" in str(caught.value)
    assert "base_url" in str(caught.value)


def test_a_page_in_place_of_an_answer_is_named(fault_server: FaultServer) -> None:
    """A captive portal, or a base URL of something else."""
    predict = text_generation_predict(fault_server.url("html_200", "tgi"), retry=Retry(attempts=1))
    with pytest.raises(Exception, match="an HTML page came.*is the base URL right"):
        predict.complete("Hi")


def test_a_wrong_token_is_named_but_not_shown(run: Run) -> None:
    """The error says what to check; the token is nowhere in it."""
    with tgi_server(["Hi"], token=KEY) as server:
        predict = text_generation_predict(server.base_url, token="wrong-secret-token")
        with pytest.raises(HTTPStatusError, match=r"HTTP 401 .*is the token right") as caught:
            complete(run, predict, "Hi")
    assert "wrong-secret" not in repr(caught.value) + repr(vars(caught.value))


def test_what_tgi_refuses_is_said_and_not_repeated(run: Run) -> None:
    """Its error has TGI's words and the package's type."""
    refused = {"error": "`inputs` tokens + `max_new_tokens` must be <= 2048"}
    with Served([answer(event({**refused, "error_type": "validation"}))]) as server:
        predict = text_generation_predict(server.url)
        with pytest.raises(error_type("ValidationError"), match="must be <= 2048"):
            complete(run, predict, "Hi")
        assert len(server.requests) == 1


def test_an_overloaded_server_is_asked_again(run: Run) -> None:
    """Overload may pass."""
    full = {"error": "Model is overloaded", "error_type": "overloaded"}
    end = {"token": {"text": "Hi"}, "generated_text": "Hi"}
    with Served([answer(event(full)), answer(event(end))]) as server:
        reply = complete(run, text_generation_predict(server.url, retry=Retry(wait=0.01)), "Hi")
    assert (reply.text, reply.attempts) == ("Hi", 2)


def test_closing_hangs_up(run: Run) -> None:
    """A reply that nobody wants any more frees its connection at once."""
    with Served([answer(event({"token": {"text": "Hel"}}), HOLD)]) as server:
        predict = text_generation_predict(server.url, pace=0)
        with closing(predict.deltas("Hi")) as deltas:
            assert next(deltas) == "Hel"
        assert server.left.wait(5)


def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the HTTP library the error is the command that installs it."""
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(MissingDependencyError, match=r"chatadapters\[http\]"):
        text_generation_predict(NOWHERE).complete("Hi")


# Secrets


def test_tokens_and_headers_are_sent(run: Run) -> None:
    """A token may be a callable; headers come with every request."""
    end = {"token": {"text": "Hi"}, "generated_text": "Hi"}
    with Served([answer(event(end))]) as server:
        predict = text_generation_predict(
            f"{server.url}?user=1", token=lambda: KEY, headers={"X-Team": "blue"}
        )
        assert complete(run, predict, "Hi").text == "Hi"
        [request] = server.requests
    assert request.path == "/v1/generate_stream?user=1"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["x-team"] == "blue"
    assert KEY in predict.backend.secrets()


def test_a_header_of_ones_own_counts_before_the_token() -> None:
    """Some proxies want another scheme than Bearer."""
    end = {"token": {"text": "Hi"}, "generated_text": "Hi"}
    with Served([answer(event(end))]) as server:
        headers = {"authorization": "Basic bWU6cHc="}
        text_generation_predict(server.url, token=KEY, headers=headers).complete("Hi")
        assert server.requests[0].headers["authorization"] == "Basic bWU6cHc="


def test_no_token_is_sent_unless_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token of the hub never goes to a server of one's own by itself."""
    monkeypatch.setenv("HF_TOKEN", "hf_not_for_you")
    end = {"token": {"text": "Hi"}, "generated_text": "Hi"}
    with Served([answer(event(end))]) as server:
        text_generation_predict(server.url).complete("Hi")
        assert "authorization" not in server.requests[0].headers


def test_a_token_that_no_header_can_carry_is_refused() -> None:
    """It is not shown either."""
    with pytest.raises(OptionError, match="token has a line break or another character") as caught:
        text_generation_predict(NOWHERE, token="secret\nInjected: yes").complete("Hi")
    assert "secret" not in str(caught.value)


def test_the_repr_shows_no_secret() -> None:
    """Neither the token, nor a key header, nor a password in the address."""
    backend = TextGenerationBackend(
        "http://me:hunter2@127.0.0.1/x?key=k3y", token=KEY, headers={"X-Api-Key": "sk-abcdef"}
    )
    assert repr(backend) == "TextGenerationBackend(base_url='http://127.0.0.1/x', wire='tgi')"
    assert {KEY, "sk-abcdef", "hunter2"} <= set(backend.secrets())


def test_copies_share_their_connections() -> None:
    """UIs copy the functions that they are given."""
    backend = TextGenerationBackend(NOWHERE)
    assert copy.copy(backend) is backend
    assert copy.deepcopy(backend) is backend


def test_a_string_token_stays_out_of_pickles() -> None:
    """A callable travels with the whole predict; a key among the headers is refused."""
    backend = TextGenerationBackend(NOWHERE, token=KEY, headers={"X-Team": "blue"})
    data = pickle.dumps(backend)
    assert KEY.encode() not in data
    assert pickle.loads(data) == TextGenerationBackend(NOWHERE, headers={"X-Team": "blue"})
    predict = text_generation_predict(NOWHERE, token=lambda: KEY)
    assert pickle.loads(cloudpickle.dumps(predict)).backend.token() == KEY
    with pytest.raises(TypeError, match="token="):
        pickle.dumps(TextGenerationBackend(NOWHERE, headers={"X-Api-Key": "sk-abcdef"}))


def test_many_replies_at_once_do_not_mix(run: Run) -> None:
    """One backend serves every session."""
    with tgi_server(["one", " two", " three"]) as server:
        predict = text_generation_predict(server.base_url)
        texts: list[str] = []

        def ask() -> None:
            texts.append(complete(run, predict, "Hi").text)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert texts == ["one two three"] * 8
