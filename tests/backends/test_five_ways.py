"""One conversation, one model, five ways to it: one answer, in sync and async code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.request import urlopen

import pytest
from langchain_openai import ChatOpenAI

from chatadapters import (
    Message,
    Reply,
    huggingface_predict,
    langchain_predict,
    openai_predict,
    text_generation_predict,
)
from chatadapters.testing import ModelServer, TgiServer
from chatadapters.testing._tgi_tokens import ModelTokens
from tests.both import Run

pytest_plugins = ["chatadapters.testing.pytest_plugin"]

SYSTEM = "You are a teacher. Answer in one short sentence."
HISTORY = [
    ["My name is Ada.", "Hello Ada, nice to meet you!"],
    ["I like the sea.", None],
]
MESSAGE = "What is my name, and what do I like?"
PROMPT = (
    f"<|im_start|>system\n{SYSTEM}<|im_end|>\n"
    "<|im_start|>user\nMy name is Ada.<|im_end|>\n"
    "<|im_start|>assistant\nHello Ada, nice to meet you!<|im_end|>\n"
    f"<|im_start|>user\nI like the sea.\n\n{MESSAGE}<|im_end|>\n<|im_start|>assistant\n"
)
TOKENS = 16


@pytest.fixture(scope="module")
def tgi(model_server: ModelServer) -> Iterator[TgiServer]:
    """TGI's wire on the same model."""
    with TgiServer(ModelTokens(model_server.base_url.removesuffix("/v1"), {})) as server:
        yield server


def by_openai(server: ModelServer, tgi: TgiServer) -> Any:
    return openai_predict(
        server.model, base_url=server.base_url, temperature=0, max_tokens=TOKENS, system=SYSTEM
    )


def by_langchain(server: ModelServer, tgi: TgiServer) -> Any:
    options: Any = {"temperature": 0, "max_tokens": TOKENS, "max_retries": 0, "api_key": "none"}
    model = ChatOpenAI(model=server.model, base_url=server.base_url, **options)
    return langchain_predict(model, system=SYSTEM)


def by_huggingface(server: ModelServer, tgi: TgiServer) -> Any:
    return huggingface_predict(
        base_url=server.base_url, temperature=0, max_tokens=TOKENS, system=SYSTEM
    )


def by_completions(server: ModelServer, tgi: TgiServer) -> Any:
    return text_generation_predict(
        server.base_url,
        template="chatml",
        wire="completions",
        temperature=0,
        max_tokens=TOKENS,
        system=SYSTEM,
    )


def by_tgi(server: ModelServer, tgi: TgiServer) -> Any:
    return text_generation_predict(
        tgi.base_url, template="chatml", max_new_tokens=TOKENS, system=SYSTEM
    )


WAYS: list[Callable[[ModelServer, TgiServer], Any]] = [
    by_openai,
    by_langchain,
    by_huggingface,
    by_completions,
    by_tgi,
]


@pytest.fixture(scope="module")
def answer(model_server: ModelServer, tgi: TgiServer) -> str:
    """What the model itself says, asked without any of ours."""
    body = {"prompt": PROMPT, "temperature": 0, "max_tokens": TOKENS}
    url = f"{model_server.base_url}/completions"
    with urlopen(url, json.dumps(body).encode(), timeout=60) as said:
        text: str = json.load(said)["choices"][0]["text"]
    assert "sea" in text
    return text


@pytest.mark.parametrize("way", WAYS)
def test_every_way_gives_the_same_answer(
    way: Any, model_server: ModelServer, tgi: TgiServer, answer: str, run: Run
) -> None:
    """Greedy, the text and the end are the same by every SDK and wire."""
    replies: list[Reply] = []
    predict = way(model_server, tgi).using(on_finish=replies.append)
    assert run(predict, "predict", MESSAGE, HISTORY)[-1] == answer
    assert [(reply.text, reply.finish_reason) for reply in replies] == [(answer, "length")]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_sends_the_same_conversation(
    way: Any, model_server: ModelServer, tgi: TgiServer
) -> None:
    """The system text first, no turn for the missing answer, the message last."""
    payload = way(model_server, tgi).build(MESSAGE, HISTORY)
    if prompt := payload.get("inputs", payload.get("prompt")):
        assert prompt == PROMPT
        return
    turns = payload.get("messages") or [
        {"role": _ROLES[said.type], "content": said.content} for said in payload["input"]
    ]
    assert [Message(turn["role"], turn["content"]) for turn in turns] == [
        ("system", SYSTEM),
        ("user", "My name is Ada."),
        ("assistant", "Hello Ada, nice to meet you!"),
        ("user", f"I like the sea.\n\n{MESSAGE}"),
    ]


_ROLES = {"system": "system", "human": "user", "ai": "assistant"}
