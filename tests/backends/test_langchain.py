"""The LangChain backend: the contract, what is sent, chains, names for models."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
from base64 import b64decode
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import FakeListChatModel, FakeListLLM
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableLambda, RunnablePassthrough
from pydantic import SecretStr

from chatadapters import (
    Finish,
    IncompleteStreamError,
    Message,
    MissingDependencyError,
    OptionError,
    Retry,
    Text,
    UnsupportedContentError,
    langchain_predict,
    make_predict,
)
from chatadapters.backends.langchain import LangChainBackend
from chatadapters.testing import BackendContract
from chatadapters.testing.faults import TEXT, FaultServer
from tests.backends.langchain_model import KEY, Scripted, ended, said, scripted
from tests.both import Run, complete

pytest_plugins = ["chatadapters.testing.pytest_plugin"]

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5Er"
    "kJggg=="
)


class TestContract(BackendContract):
    """What every backend must do, with a fake chat model of langchain-core."""

    def backend(self) -> LangChainBackend:
        return LangChainBackend(FakeListChatModel(responses=["I think your name is Ada."]))


class TestContractOfAChain(BackendContract):
    """The same for a chain that ends in a parser."""

    def backend(self) -> LangChainBackend:
        model = FakeListChatModel(responses=["I think your name is Ada."])
        return LangChainBackend(model | StrOutputParser())


# What is sent

HISTORY = [["Who are you?", "A bot."], ["And what can you do?", None]]


def test_build_gives_langchain_messages() -> None:
    """Roles become LangChain's classes; an answer that is missing sends nothing."""
    predict = scripted(system="You are a helpful AI assistant.")
    assert predict.build("Answer me.", HISTORY) == {
        "input": [
            SystemMessage("You are a helpful AI assistant."),
            HumanMessage("Who are you?"),
            AIMessage("A bot."),
            HumanMessage("And what can you do?\n\nAnswer me."),
        ]
    }


def test_build_without_a_system_text() -> None:
    """Without one, the user begins."""
    assert scripted().build("Hi", [("Hello", "Hello!")]) == {
        "input": [HumanMessage("Hello"), AIMessage("Hello!"), HumanMessage("Hi")]
    }


def test_build_with_files(tmp_path: Path) -> None:
    """Files are blocks in the form that LangChain's core translates for every provider."""
    image, sound = tmp_path / "dot.png", tmp_path / "hm.wav"
    image.write_bytes(b64decode(PNG))
    sound.write_bytes(b"RIFF\x04\0\0\0WAVEfmt ")
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(b"%PDF-1.4")
    message = {"text": "What is this?", "files": [image, sound, paper]}
    [human] = scripted().build(message)["input"]
    assert human == HumanMessage(
        [
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            {
                "type": "input_audio",
                "input_audio": {"data": "UklGRgQAAABXQVZFZm10IA==", "format": "wav"},
            },
            {
                "type": "file",
                "file": {
                    "filename": "paper.pdf",
                    "file_data": "data:application/pdf;base64,JVBERi0xLjQ=",
                },
            },
            {"type": "text", "text": "What is this?"},
        ]
    )
    blocks = human.content_blocks
    assert [block["type"] for block in blocks] == ["image", "audio", "file", "text"]
    assert blocks[0]["base64"] == PNG


def test_a_message_that_langchain_cannot_carry_is_refused() -> None:
    """A tool's result needs the id of its call, which no history has."""
    with pytest.raises(UnsupportedContentError, match=r"'tool'.*langchain"):
        scripted().build("Hi", [{"role": "tool", "content": "42"}])


def test_options_are_keywords_of_the_call(run: Run) -> None:
    """The model gets them as it would from `model.stream(..., temperature=0)`."""
    model = Scripted(scripts=[[said("one two"), ended()]])
    predict = langchain_predict(model, temperature=0, stop=["w", "a", "b", "c", "d"], pace=0)
    assert predict.build("Hi") == {
        "input": [HumanMessage("Hi")],
        "temperature": 0,
        "stop": ["w", "a", "b", "c"],
    }
    assert complete(run, predict, "Hi").text == "one t"
    [call] = model.calls
    assert call["temperature"] == 0
    assert call["stop"] == ["w", "a", "b", "c"]
    with pytest.raises(OptionError, match="'input'"):
        predict.using(input=1).build("Hi")


class Seen(BaseCallbackHandler):
    """Notes what callbacks tell."""

    def __init__(self) -> None:
        self.started: list[Any] = []
        self.ended: list[str] = []

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        self.started.append((kwargs["tags"], kwargs["metadata"]["who"]))

    def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        self.ended.append(response.generations[0][0].text)


def test_callbacks_tags_and_metadata_reach_langchain(run: Run) -> None:
    """They may be given alone or in a config; alone they count more."""
    seen = Seen()
    config = {"callbacks": [seen], "tags": ["old"]}
    predict = scripted(said("Hello"), ended(), config=config, tags=["new"], metadata={"who": "me"})
    assert predict.build("Hi")["config"] == {
        "callbacks": [seen],
        "tags": ["new"],
        "metadata": {"who": "me"},
    }
    assert complete(run, predict, "Hi").text == "Hello"
    assert seen.started == [(["new"], "me")]
    assert seen.ended == ["Hello"]


# Chains


def test_a_chain_of_text_is_read(run: Run) -> None:
    """Its end is all that says that the reply is finished."""
    chain = FakeListChatModel(responses=["Hey"]) | StrOutputParser() | RunnablePassthrough()
    predict = langchain_predict(chain, pace=0)
    assert run(predict, "events", "Hi") == [
        Text("H"),
        Text("e"),
        Text("y"),
        Finish("unknown", backend="langchain"),
    ]
    assert complete(run, langchain_predict(FakeListLLM(responses=["Hey"])), "Hi").text == "Hey"


def test_the_parser_at_the_end_does_not_hide_how_it_ended(run: Run) -> None:
    """Bindings around the chain stay, and the finish of the model is known."""
    model = Scripted(scripts=[[said("Half"), ended("length")]])
    seen = Seen()
    chain = (RunnableLambda(itemgetter(slice(None))) | model | StrOutputParser()).with_config(
        {"callbacks": [seen], "metadata": {"who": "me"}}
    )
    reply = complete(run, langchain_predict(chain), "Hi")
    assert (reply.text, reply.finish_reason) == ("Half", "length")
    assert seen.ended == ["Half"]


def test_a_chain_that_takes_a_dict(run: Run) -> None:
    """The messages come under the key that it names, or a function shapes them."""
    model = Scripted(scripts=[[said("Yes"), ended()]])
    prompt = ChatPromptTemplate([("system", "Be brief."), ("placeholder", "{talk}")])
    predict = langchain_predict(prompt | model, input_key="talk")
    assert predict.build("Hi") == {"input": {"talk": [HumanMessage("Hi")]}}
    assert complete(run, predict, "Hi").text == "Yes"
    assert model.calls[0]["messages"] == [SystemMessage("Be brief."), HumanMessage("Hi")]
    asked = ChatPromptTemplate([("human", "Answer: {question}")])
    asks = RunnableLambda[Any, Any](lambda messages: {"question": messages[-1].content})
    chain = asks | asked | model
    assert complete(run, langchain_predict(chain), "Hi").text == "Yes"
    assert model.calls[1]["messages"] == [HumanMessage("Answer: Hi")]


def test_stop_sequences_hold_where_a_chain_cannot_take_them(run: Run) -> None:
    """The first step of a chain would get the keyword, so that it is enforced here alone."""
    model = Scripted(scripts=[[said("one two three"), ended()]])
    predict = langchain_predict(RunnableLambda(itemgetter(slice(None))) | model, stop="two")
    assert predict.build("Hi") == {"input": [HumanMessage("Hi")]}
    assert complete(run, predict, "Hi").text == "one "


def test_a_chain_that_begins_with_a_model_takes_options(run: Run) -> None:
    """Its first step gets the keywords; one that would ignore them is refused."""
    model = Scripted(scripts=[[said("one two"), ended()]])
    predict = langchain_predict(model | RunnablePassthrough(), stop="two", temperature=0)
    assert complete(run, predict, "Hi").text == "one "
    assert (model.calls[0]["stop"], model.calls[0]["temperature"]) == (["two"], 0)
    deaf: list[Runnable[Any, Any]] = [
        ChatPromptTemplate([("placeholder", "{x}")]),
        RunnablePassthrough(),
    ]
    for first in deaf:
        with pytest.raises(OptionError, match=r"'temperature'.*bind\(temperature="):
            langchain_predict(first | model, temperature=0).build("Hi")


def test_what_is_no_text_is_an_error_that_says_what_to_do(run: Run) -> None:
    """A chain that gives dicts names its answer with `pick`."""
    chain = RunnableLambda[Any, Any](lambda _: {"answer": "Yes", "context": []})
    with pytest.raises(OptionError, match=r"gave a dict.*pick\('answer'\)"):
        complete(run, langchain_predict(chain), "Hi")
    assert complete(run, langchain_predict(chain.pick("answer")), "Hi").text == "Yes"


def test_what_is_no_runnable_is_refused() -> None:
    """A function must be made one first."""
    with pytest.raises(OptionError, match="chat model, a Runnable"):
        langchain_predict(print)  # type: ignore[arg-type]


# Names instead of models


def test_a_name_makes_the_model(
    run: Run, fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is made at the first message, without retries of its own, and only once."""
    url = fault_server.url("s503_once")
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    predict = langchain_predict("openai:fault", retry=Retry(wait=0.01), stop="nowhere")
    assert predict.build("Hi") == {"input": [HumanMessage("Hi")], "stop": ["nowhere"]}
    assert predict.backend.secrets() == []
    reply = complete(run, predict, "Hi")
    assert (reply.text, reply.attempts) == (TEXT, 2)
    assert len(fault_server.requests(url)) == 2
    assert predict.backend.secrets() == [KEY]
    assert repr(predict.backend) == "LangChainBackend('openai:fault')"
    assert pickle.loads(pickle.dumps(predict.backend)) == predict.backend
    predict.close()
    asyncio.run(predict.aio.close())
    assert predict.backend.secrets() == []


def test_naming_a_model_imports_nothing() -> None:
    """LangChain takes a second to import; a name waits for the first message."""
    code = (
        "import sys, chatadapters as c\n"
        "c.langchain_predict('openai:gpt-4o', system='Be brief.')\n"
        "print([name for name in sys.modules if name.startswith(('langchain', 'pydantic'))])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_a_name_through_the_registry() -> None:
    """The model's own colon is part of its name."""
    assert make_predict("langchain:openai:gpt-4o").backend == LangChainBackend("openai:gpt-4o")


def test_a_missing_package_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is the command that helps, and comes with the first message."""
    predict = langchain_predict("nobody_installs:x")
    monkeypatch.setitem(sys.modules, "langchain.chat_models", None)
    with pytest.raises(MissingDependencyError, match="pip install langchain"):
        complete(run, predict, "Hi")
    monkeypatch.undo()
    with pytest.raises(MissingDependencyError, match="pip install langchain-groq"):
        complete(run, langchain_predict("groq:x"), "Hi")
    monkeypatch.setitem(sys.modules, "langchain_core.messages", None)
    with pytest.raises(MissingDependencyError, match=r"chatadapters\[langchain\]"):
        predict.build("Hi")


class HuggingFaceEndpoint(FakeListLLM):
    """Named as langchain-huggingface names it, which cannot stand beside a new hub."""

    huggingfacehub_api_token: str = KEY


class ChatHuggingFace(Scripted):
    """The same."""

    llm: Any


ChatHuggingFace.__module__ = "langchain_huggingface.chat_models"


def test_hugging_face_says_why_it_ends_over_an_endpoint(run: Run) -> None:
    """Over a pipeline it does not; its key is a plain string inside the inner model."""
    scripts = [[said("Half")]]
    model = ChatHuggingFace(scripts=scripts, llm=HuggingFaceEndpoint(responses=[]))
    with pytest.raises(IncompleteStreamError):
        complete(run, langchain_predict(model), "Hi")
    assert list(LangChainBackend(model).secrets()) == [KEY]
    local = ChatHuggingFace(scripts=scripts, llm=FakeListLLM(responses=[]))
    assert complete(run, langchain_predict(local), "Hi").finish_reason == "unknown"


def test_keys_inside_a_chain_are_known() -> None:
    """They are found wherever a chain keeps its models."""
    model = Scripted(scripts=[], token=SecretStr(KEY))
    chains: tuple[Runnable[Any, Any], ...] = (
        model,
        model.bind(temperature=0) | StrOutputParser(),
        RunnableLambda(str) | {"a": model} | RunnableLambda(str),
        RunnableLambda[Any, Any](str).with_fallbacks([model]),
    )
    for chain in chains:
        assert list(LangChainBackend(chain).secrets()) == [KEY]


def test_a_developer_message_is_a_system_message() -> None:
    """LangChain has one class for both."""
    backend = LangChainBackend(Scripted(scripts=[]))
    payload = backend.build([Message("developer", "Be brief.")], {})
    assert payload["input"] == [SystemMessage("Be brief.")]
