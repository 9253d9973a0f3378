"""LangChain's OpenAI client on real sockets: whole, cut and failing replies, and their retries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import Runnable
from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, MessagesState, StateGraph
from openai import AuthenticationError
from pydantic import SecretStr

from chatadapters import IncompleteStreamError, Retry, langchain_predict, openai_predict
from chatadapters.testing import ModelServer
from chatadapters.testing.faults import SCENARIOS, TEXT, FaultServer, good_body
from tests.backends.langchain_model import KEY, chat_openai, said
from tests.both import Run, complete

pytest_plugins = ["chatadapters.testing.pytest_plugin"]
pytestmark = pytest.mark.usefixtures("no_authorities")


def same(model: ChatOpenAI) -> Any:
    return model


def parsed(model: ChatOpenAI) -> Any:
    return model | StrOutputParser()


def bound(model: ChatOpenAI) -> Any:
    return model.bind(temperature=0).with_config(tags=["x"])


def fallen_back(model: ChatOpenAI) -> Any:
    return model.with_fallbacks([model])


def graph_of(model: Runnable[Any, Any]) -> Any:
    graph = StateGraph(MessagesState)
    graph.add_node("answer", lambda state: {"messages": model.invoke(state["messages"])})
    graph.add_edge(START, "answer")
    graph.add_edge("answer", END)
    return graph.compile()


WAYS = [same, parsed, bound, fallen_back, graph_of]


@pytest.mark.parametrize("wrap", WAYS)
def test_a_whole_reply_of_chat_openai(run: Run, wrap: Any, fault_server: FaultServer) -> None:
    """The text is exact, and usage and finish are known."""
    predict = langchain_predict(wrap(chat_openai(fault_server.url("usage_last"))))
    reply = complete(run, predict, "Hi")
    assert (reply.text, reply.finish_reason) == (TEXT, "stop")
    assert reply.usage is not None
    assert reply.usage.output_tokens == 22


@pytest.mark.parametrize("wrap", WAYS)
def test_a_cut_reply_is_never_a_whole_one(run: Run, wrap: Any, fault_server: FaultServer) -> None:
    """LangChain itself ends such a stream without a word."""
    url = fault_server.url("trunc_clean_always")
    predict = langchain_predict(wrap(chat_openai(url)), pace=0)
    with pytest.raises(IncompleteStreamError) as caught:
        complete(run, predict, "Hi")
    assert caught.value.partial
    assert TEXT.startswith(caught.value.partial)
    closed = complete(run, predict.using(ends_with="close"), "Hi")
    assert (closed.text, closed.finish_reason) == (caught.value.partial, "unknown")


class Quiet(ChatOpenAI):
    """Sends what an older LangChain would send of a cut reply: no provider, no reason."""

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=said("Half"))

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=said("Half"))


@pytest.mark.parametrize("wrap", [same, parsed, bound, fallen_back])
def test_a_class_that_is_known_must_say_why_it_ends(run: Run, wrap: Any) -> None:
    """It is found inside bindings, chains and fallbacks; the reader need not see its name."""
    model = Quiet(model="fault", api_key=SecretStr(KEY))
    with pytest.raises(IncompleteStreamError) as caught:
        complete(run, langchain_predict(wrap(model)), "Hi")
    assert caught.value.partial == "Half"
    unsure = model.with_fallbacks([FakeListChatModel(responses=["Hey"])])
    assert complete(run, langchain_predict(unsure), "Hi").finish_reason == "unknown"


@pytest.mark.parametrize(("scenario", "reason"), [("ok", "stop"), ("finish_length", "length")])
def test_the_responses_api(run: Run, scenario: str, reason: str, fault_server: FaultServer) -> None:
    """Its content comes as blocks and its end as a status."""
    model = chat_openai(fault_server.url(scenario, "responses"), use_responses_api=True)
    reply = complete(run, langchain_predict(model), "Hi")
    assert reply.text == SCENARIOS[scenario].expected
    assert reply.finish_reason == reason


def test_a_ready_made_model_is_asked_once(run: Run, fault_server: FaultServer) -> None:
    """Its own retries cannot be turned off, and two layers would multiply."""
    url = fault_server.url("s503_once")
    with pytest.raises(Exception, match="503"):
        complete(run, langchain_predict(chat_openai(url)), "Hi")
    assert len(fault_server.requests(url)) == 1
    reply = complete(run, langchain_predict(chat_openai(url), retry=Retry(wait=0.01)), "Hi")
    assert reply.text == TEXT


@pytest.mark.parametrize(
    "scenario",
    [
        "error_in_200_once",
        "invalid_json_once",
        "reset_mid_once",
        "trunc_clean_once",
        "s429_retry_after_0",
    ],
)
def test_what_may_pass_is_tried_again(run: Run, scenario: str, fault_server: FaultServer) -> None:
    """With a retry policy, what breaks inside an open stream is mended too."""
    model = chat_openai(fault_server.url(scenario))
    predict = langchain_predict(model, retry=Retry(wait=0.01), pace=0)
    assert run(predict, "predict", "Hi")[-1] == TEXT


def test_a_cut_anywhere_is_mended(run: Run, fault_server: FaultServer) -> None:
    """Wherever the first answer is cut, the text of the second is exact."""
    for k in range(0, len(good_body()), 701):
        model = chat_openai(fault_server.url_cut(k, "rst"))
        predict = langchain_predict(model, retry=Retry(wait=0.01), pace=0)
        values = run(predict, "predict", "Hi")
        assert values[-1] == TEXT
        assert all(TEXT.startswith(value) for value in values)


def test_errors_pass_through_without_the_key(run: Run, fault_server: FaultServer) -> None:
    """They keep their type; a server that echoes the header shows nothing."""
    model = chat_openai(fault_server.url("echo_headers"))
    for wrap in (same, parsed, bound, fallen_back):
        predict = langchain_predict(wrap(model))
        with pytest.raises(Exception, match="401") as caught:
            complete(run, predict, "Hi")
        assert type(caught.value).__module__.startswith(("openai", "langchain_openai"))
        assert KEY not in f"{caught.value!r} {caught.value.__dict__}"
        assert KEY not in repr(predict.backend)


def test_keys_in_headers_of_the_model_show_nowhere(run: Run, fault_server: FaultServer) -> None:
    """A header of the model's own may carry a key; the error that repeats it does not."""
    url, headers = fault_server.url("s401"), {"Connection": "close", "X-Api-Key": "hdr-4f5e6d7c"}
    predict = langchain_predict(chat_openai(url, default_headers=headers))
    with pytest.raises(AuthenticationError) as caught:
        complete(run, predict, "Hi")
    assert "hdr-4f5e6d7c" not in repr(caught.value.request.headers.items())
    assert fault_server.requests(url)[0].headers["x-api-key"] == "hdr-4f5e6d7c"


def test_closing_frees_the_connection(fault_server: FaultServer) -> None:
    """A reply that nobody wants any more does not go on in the background."""
    url = fault_server.url("slow_drip")
    with closing(langchain_predict(chat_openai(url)).deltas("Hi")) as deltas:
        next(deltas)
    [request] = fault_server.requests(url)
    assert request.wait()


async def test_closing_frees_the_connection_async(fault_server: FaultServer) -> None:
    """The same for the async twin, while its event loop goes on."""
    url = fault_server.url("slow_drip")
    async with aclosing(langchain_predict(chat_openai(url)).aio.deltas("Hi")) as deltas:
        await anext(deltas)
    [request] = fault_server.requests(url)
    assert await asyncio.to_thread(request.wait)


def test_chat_openai_talks_to_a_real_model(run: Run, model_server: ModelServer) -> None:
    """The embedded model answers through LangChain's client as it does through ours."""
    model = chat_openai(model_server.base_url)
    asked: dict[str, Any] = {"max_tokens": 24, "temperature": 0, "pace": 0}
    direct = openai_predict("smollm2", base_url=model_server.base_url, **asked)
    with closing(direct):
        expected = direct.complete("What is the capital of France?")
    reply = complete(run, langchain_predict(model, **asked), "What is the capital of France?")
    assert (reply.text, reply.finish_reason) == (expected.text, expected.finish_reason)
    assert len(reply.text) > 10
