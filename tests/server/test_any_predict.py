"""Whatever a predict is made of, it is served the same."""

from __future__ import annotations

import re
from typing import Any

import openai
import pytest
from langgraph.graph import END, START, MessagesState, StateGraph

from chatadapters import (
    Finish,
    Reasoning,
    Retry,
    Text,
    fallback,
    langchain_predict,
    local_predict,
    make_predict,
    text_generation_predict,
)
from chatadapters.server._request import read_request
from chatadapters.testing import ModelServer, Pause, ScriptedBackend, tgi_server
from tests.backends.langchain_model import Scripted, ended, said
from tests.server.serving import ASK, client, scripted, serving


def streamed(ai: openai.OpenAI, **more: Any) -> tuple[str, str]:
    """Give the text and the finish reason of a stream."""
    chunks = list(ai.chat.completions.create(**ASK, stream=True, **more))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    return text, chunks[-1].choices[0].finish_reason or ""


def test_clients_of_the_embedded_model_set_what_is_about_the_text() -> None:
    """llama.cpp has more options, such as a length of its own or which slot is taken."""
    body = {**ASK, "temperature": 0, "max_tokens": 3, "top_k": 5}
    asked = read_request({**body, "n_predict": 40, "id_slot": 0}, {"m": local_predict()}, chat=True)
    sent = asked.predict.build(asked.message, asked.history)
    assert {name: sent.get(name) for name in ("temperature", "max_tokens", "top_k")} == {
        "temperature": 0, "max_tokens": 3, "top_k": 5
    }  # fmt: skip
    assert not {"n_predict", "id_slot"} & sent.keys()
    assert asked.left_out == ("n_predict", "id_slot")


def test_a_graph() -> None:
    """A LangGraph graph answers; an option that it has no place for is left out."""
    model = Scripted(scripts=[[said("One, "), said("two."), ended()]])
    graph = StateGraph(MessagesState)
    graph.add_node("only", lambda state: {"messages": model.invoke(state["messages"])})
    graph.add_edge(START, "only").add_edge("only", END)
    with serving({"m": langchain_predict(graph.compile())}) as url, client(url) as ai:
        assert streamed(ai, temperature=0.5) == ("One, two.", "stop")
        reply = ai.chat.completions.create(**ASK, temperature=0.5)
    assert reply.choices[0].message.content == "One, two."


def test_a_model_behind_text_generation_inference() -> None:
    """A dialogue template writes the prompt, and the options arrive under TGI's names."""
    with tgi_server(["Hello", " there", "<|end|>"]) as tgi:
        predict = text_generation_predict(tgi.base_url, template="starchat", system="Be brief.")
        with serving({"m": predict}) as url, client(url) as ai:
            assert streamed(ai, max_tokens=7, stop="nothing") == ("Hello there", "stop")
    (sent,) = tgi.requests
    assert sent["inputs"] == "<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\n"
    assert sent["parameters"]["max_new_tokens"] == 7
    assert "nothing" in sent["parameters"]["stop"]


def test_a_fallback() -> None:
    """The second answers when the first has failed for good."""
    first = make_predict(ScriptedBackend([ConnectionResetError()]), retry=Retry(attempts=1))
    with serving({"m": fallback(first, scripted("It is so."))}) as url, client(url) as ai:
        assert streamed(ai, temperature=0.5) == ("It is so.", "stop")


def test_the_embedded_model(model_server: ModelServer) -> None:
    """The real model answers the official client as it does through predict."""
    predict = local_predict(temperature=0, max_tokens=12)
    with serving({"m": predict}) as url, client(url) as ai:
        text, reason = streamed(ai)
        whole = ai.chat.completions.create(**ASK)
    assert text == whole.choices[0].message.content == predict.complete("Hi").text
    assert reason == whole.choices[0].finish_reason
    assert whole.usage is not None
    assert whole.usage.completion_tokens > 0
    predict.close()


@pytest.mark.parametrize("reason", ["pause_turn", "refusal", "unknown"])
def test_an_end_that_openai_has_no_word_for(reason: str) -> None:
    """`finish_reason` stays one that every client takes; beside it stands what was said."""
    predict = make_predict(ScriptedBackend(["So", Finish(reason)]))
    with serving({"m": predict}) as url, client(url) as ai:
        whole: Any = ai.chat.completions.create(**ASK).choices[0]
        *_, last = ai.chat.completions.create(**ASK, stream=True)
        raw: Any = ai.completions.create(model="m", prompt="Hi").choices[0]
    for choice in (whole, last.choices[0], raw):
        assert (choice.finish_reason, choice.stop_reason) == ("stop", reason)


def test_an_end_in_openais_words_stands_alone() -> None:
    """Nothing is added to it."""
    with serving({"m": scripted("So.")}) as url, client(url) as ai:
        assert not hasattr(ai.chat.completions.create(**ASK).choices[0], "stop_reason")


BROKEN = ConnectionResetError("gone")


def restarting(*scripts: Any) -> Any:
    retry = Retry(attempts=2, wait=0, midstream="restart")
    return make_predict(ScriptedBackend(*scripts), retry=retry)


def test_a_restart_that_repeats_what_was_sent_goes_on_unseen() -> None:
    """The client sees one whole reply although the provider broke off in its middle."""
    predict = restarting(["Hello ", Pause(0.05), BROKEN], ["Hel", "lo you", Finish("stop")])
    with serving({"m": predict}) as url, client(url) as ai:
        assert streamed(ai) == ("Hello you", "stop")
    assert len(predict.backend.requests) == 2


@pytest.mark.parametrize(
    "second",
    [
        ["Good day", Finish("stop")],
        ["Hel", Finish("stop")],
        [Reasoning("other"), "Hello you", Finish("stop")],
        [Reasoning("h"), "Hello you", Finish("stop")],
    ],
    ids=["other text", "shorter", "other reasoning", "shorter reasoning"],
)
def test_a_restart_that_differs_is_an_error(second: list[Any]) -> None:
    """Text cannot be taken back, so a reply is never mixed from two attempts."""
    predict = restarting([Reasoning("hm"), Text("Hello "), Pause(0.05), BROKEN], second)
    with (
        serving({"m": predict}) as url,
        client(url) as ai,
        pytest.raises(openai.APIError, match=re.escape("the reply broke off; ask again")),
    ):
        streamed(ai)


def test_a_whole_reply_is_of_one_attempt() -> None:
    """Without a stream nothing was sent yet, so the second attempt is the reply."""
    predict = restarting(["Hello ", Pause(0.05), BROKEN], "Good day")
    with serving({"m": predict}) as url, client(url) as ai:
        assert ai.chat.completions.create(**ASK).choices[0].message.content == "Good day"
