"""The text-generation backend on the real model, behind TGI's wire and as raw completions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chatadapters import Restarted, Retry, Text, text_generation_predict
from chatadapters.backends.text_generation import TextGenerationBackend
from chatadapters.testing import BackendContract, ModelServer, TgiServer
from chatadapters.testing._tgi_tokens import ModelTokens
from chatadapters.testing.faults import FaultServer
from tests.both import Run, complete

pytest_plugins = ["chatadapters.testing.pytest_plugin"]

KEY = "tgi-token-1234567"
ASKED = "What is the capital of France?"
CHATML = f"<|im_start|>user\n{ASKED}<|im_end|>\n<|im_start|>assistant\n"


@pytest.fixture(scope="module")
def tgi(model_server: ModelServer) -> Iterator[TgiServer]:
    """TGI's wire on the embedded model."""
    url = model_server.base_url.removesuffix("/v1")
    with TgiServer(ModelTokens(url, {}), token=KEY) as server:
        yield server


def on_tgi(server: TgiServer, **options: Any) -> Any:
    """Make a predict of the embedded model behind TGI's wire, greedy."""
    options = {"max_new_tokens": 16, "pace": 0, **options}
    return text_generation_predict(server.base_url, template="chatml", token=KEY, **options)


def on_completions(server: ModelServer, **options: Any) -> Any:
    """Make a predict of the embedded model's raw completions, greedy."""
    return text_generation_predict(
        server.base_url,
        template="chatml",
        wire="completions",
        model=server.model,
        **{"max_tokens": 16, "temperature": 0, "pace": 0, **options},
    )


class TestTgiContract(BackendContract):
    """What every backend must do, on TGI's wire in front of the real model."""

    @pytest.fixture(autouse=True)
    def serve(self, tgi: TgiServer) -> None:
        self.base_url = tgi.base_url

    def backend(self) -> TextGenerationBackend:
        return TextGenerationBackend(self.base_url, template="chatml", token=KEY)

    def options(self) -> dict[str, Any]:
        return {"max_new_tokens": 6}


class TestCompletionsContract(BackendContract):
    """What every backend must do, on the raw completions of llama.cpp's server."""

    @pytest.fixture(autouse=True)
    def serve(self, model_server: ModelServer) -> None:
        self.base_url = model_server.base_url

    def backend(self) -> TextGenerationBackend:
        return TextGenerationBackend(self.base_url, template="chatml", wire="completions")

    def options(self) -> dict[str, Any]:
        return {"max_tokens": 6, "temperature": 0}


def test_both_wires_answer_alike(tgi: TgiServer, model_server: ModelServer, run: Run) -> None:
    """Greedy, the same prompt gets the same text, the same end and the same count."""
    by_tgi = complete(run, on_tgi(tgi), ASKED)
    by_prompt = complete(run, on_completions(model_server), ASKED)
    assert by_tgi.text == by_prompt.text == "The capital of France is Paris."
    assert by_tgi.finish_reason == by_prompt.finish_reason == "stop"
    assert by_tgi.usage.output_tokens == 8  # its end token is one of them
    assert tgi.requests[-1]["inputs"] == CHATML


def test_a_stop_text_of_the_server_is_cut(tgi: TgiServer) -> None:
    """TGI itself stops and shows what it stopped at; the reply ends before it."""
    reply = on_tgi(tgi, stop_sequences=[" France"]).complete(ASKED)
    assert (reply.text, reply.finish_reason) == ("The capital of", "stop")
    assert reply.usage.output_tokens == 4


def test_the_length_limit_is_flagged(tgi: TgiServer) -> None:
    """A reply that was cut says so."""
    reply = on_tgi(tgi, max_new_tokens=3).complete(ASKED)
    assert (reply.text, reply.finish_reason) == ("The capital of", "length")


def test_the_prompt_may_be_truncated(tgi: TgiServer) -> None:
    """The server keeps the end of a prompt that is too long."""
    assert on_tgi(tgi, truncate=5, max_new_tokens=2).complete(ASKED).usage.input_tokens == 5


def test_sampling_follows_the_seed(tgi: TgiServer) -> None:
    """The same seed gives the same text, another one another."""
    predict = on_tgi(tgi, do_sample=True, temperature=1.5, max_new_tokens=8)
    first, again, other = (
        predict.using(seed=seed).complete("Tell me a story.").text for seed in (7, 7, 8)
    )
    assert first == again != other


@pytest.mark.parametrize("wire", ["tgi", "completions"])
def test_a_broken_reply_goes_on_where_it_broke(
    wire: str, tgi: TgiServer, model_server: ModelServer, fault_server: FaultServer, run: Run
) -> None:
    """The text equals that of an unbroken reply, and nothing is taken back."""
    if wire == "tgi":
        whole, upstream, cut_after = on_tgi(tgi), tgi.base_url, 600
    else:
        whole, upstream, cut_after = on_completions(model_server), model_server.base_url, 900
    url = fault_server.url_proxy(upstream, cut_after)
    broken = whole.using(base_url=url, retry=Retry(wait=0.01))
    events = run(broken, "events", ASKED)
    shown = "".join(event.delta for event in events if isinstance(event, Text))
    assert shown == "The capital of France is Paris."
    assert not [event for event in events if isinstance(event, Restarted)]
    first, second = (
        request.body.get("inputs") or request.body["prompt"]
        for request in fault_server.requests(url)
    )
    assert first == CHATML
    assert second in {CHATML + "The capital", CHATML + "The capital of"}
