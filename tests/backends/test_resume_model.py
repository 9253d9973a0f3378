"""Replies of the real model that break at any byte: the text is as if they had not."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from chatadapters import (
    Predict,
    Retry,
    huggingface_predict,
    openai_predict,
    text_generation_predict,
)
from chatadapters.testing import ModelServer, TgiServer
from chatadapters.testing._tgi_tokens import ModelTokens
from chatadapters.testing.faults import Answer, Ask, End, FaultServer, Scenario

pytest_plugins = ["chatadapters.testing.pytest_plugin"]

ASKED = "What is coffee called in French?"
TEXT = "Café au Lait (Coffee with Lait) in French."
#: The reply up to here is short enough to be cut after every byte of its stream.
STOP = " ("
#: Whether every way cuts after every byte; else the ways of one wire share every fifth, which is
#: another place in each of the events that the model streams.
EVERY = os.environ.get("CHATADAPTERS_CUT_STRIDE") == "1"
STRIDE = 5
_AT_ONCE = 24
COMMON: dict[str, Any] = {
    "system": "Answer in one sentence.",
    "pace": 0,
    "retry": Retry(wait=0.001),
}


def completions(url: str, **options: Any) -> Predict:
    """The raw completions of llama.cpp's server, with a prompt of ours."""
    own = {"wire": "completions", "template": "chatml", "max_tokens": 40, "temperature": 0}
    return text_generation_predict(url, **own, **COMMON, **options)


def tgi(url: str, **options: Any) -> Predict:
    """TGI's wire in front of the model, with a prompt of ours."""
    return text_generation_predict(url, template="chatml", max_new_tokens=40, **COMMON, **options)


def chat(url: str, **options: Any) -> Predict:
    """The chat of llama.cpp's server, which continues a last message of the assistant."""
    own = {"resume_as": "llama.cpp", "api_key": "none", "max_tokens": 40, "temperature": 0}
    return openai_predict("m", base_url=url, **own, **COMMON, **options)


def hub_chat(url: str, **options: Any) -> Predict:
    """The same chat, asked by the Hugging Face backend."""
    own = {"resume_as": "llama.cpp", "max_tokens": 40, "temperature": 0}
    return huggingface_predict("m", base_url=url, **own, **COMMON, **options)


Make = Callable[..., Predict]
#: Each way to ask, with the dialect of the fault server.
WAYS: dict[str, tuple[str, Make]] = {
    "completions": ("completions", completions),
    "tgi": ("tgi", tgi),
    "chat": ("openai", chat),
    "hub-chat": ("openai", hub_chat),
}


@pytest.fixture(scope="module")
def servers(model_server: ModelServer) -> Iterator[dict[str, str]]:
    """Give the addresses of the real model, for each dialect."""
    url = model_server.base_url
    with TgiServer(ModelTokens(url.removesuffix("/v1"), {})) as server:
        yield {"completions": url, "openai": url, "tgi": server.base_url}


class Remembered:
    """Asks the real model, and gives the same request the same bytes again.

    It is greedy, computes one request at a time and reuses nothing, so that it would answer
    alike; the tests that ask it each time show that.
    """

    def __init__(self, upstream: str, route: str) -> None:
        self._url = upstream + route
        self._known: dict[str, bytes] = {}

    def __call__(self, ask: Ask) -> bytes:
        key = json.dumps(ask.body, sort_keys=True)
        if key not in self._known:
            answer = httpx2.post(self._url, json=ask.body, timeout=60)
            self._known[key] = answer.raise_for_status().content
        return self._known[key]

    def cut(self, k: int, how: End = "rst") -> Scenario:
        """Make a server whose first answer ends after `k` bytes."""

        def play(ask: Ask) -> Answer:
            return Answer([self(ask)[:k]], end=how)

        def healed(ask: Ask) -> Answer:
            return Answer([self(ask)])

        return Scenario(f"real-{k}", "retry", f"Cut at {k}.", play, healed=healed)


ROUTES = {"completions": "/completions", "tgi": "/generate_stream", "openai": "/chat/completions"}


def _sync(predict: Predict, urls: Sequence[str]) -> list[str]:
    def one(url: str) -> str:
        return "".join(predict.using(base_url=url).deltas(ASKED))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        heard = list(pool.map(one, urls))
    predict.close()
    return heard


def _async(predict: Predict, urls: Sequence[str]) -> list[str]:
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(url: str) -> str:
        async with places:
            asked = predict.using(base_url=url).aio
            return "".join([delta async for delta in asked.deltas(ASKED)])

    async def every() -> list[str]:
        return await asyncio.gather(*map(one, urls))

    return asyncio.run(every())


Listen = Callable[[Predict, Sequence[str]], list[str]]
COLOURS = pytest.mark.parametrize("listen", [_sync, _async], ids=["sync", "async"])


def continued(body: dict[str, Any]) -> str:
    """Give the part of the reply that a request asks to go on from."""
    if "messages" not in body:
        prompt: str = body.get("inputs") or body["prompt"]
        return prompt.rpartition("<|im_start|>assistant\n")[2]
    last = body["messages"][-1]
    return str(last["content"]) if last["role"] == "assistant" else ""


def size_of(url: str, fault_server: FaultServer) -> int:
    """Give the bytes of the first answer, once the server has counted them all."""
    request = fault_server.requests(url)[0]
    assert request.wait(30)
    return request.written


def prefixes(text: str) -> set[str]:
    """Give every place where a reply of these words can be continued, and `""`."""
    words = text.split()
    return {" ".join(words[:n]) for n in range(len(words))}


@COLOURS
@pytest.mark.parametrize("way", WAYS)
def test_a_reply_that_breaks_at_any_byte_is_the_unbroken_one(
    way: str, listen: Listen, servers: dict[str, str], fault_server: FaultServer
) -> None:
    """Wherever the stream of the real model is cut, the cut is invisible to deltas."""
    dialect, make = WAYS[way]
    real = Remembered(servers[dialect], ROUTES[dialect])
    whole = fault_server.url(real.cut(10**6, "clean"), dialect)
    predict, text = make(whole, stop=STOP), TEXT.partition(STOP)[0]
    assert listen(predict, [whole]) == [text]
    size = size_of(whole, fault_server)
    sharing = [(name, own) for name in WAYS if WAYS[name][0] == dialect for own in (_sync, _async)]
    shared = range(0, size, STRIDE)[sharing.index((way, listen)) :: len(sharing)]
    places = range(size) if EVERY else shared
    urls = [fault_server.url(real.cut(k), dialect) for k in places]
    heard = zip(places, listen(predict, urls), strict=True)
    assert {k: said for k, said in heard if said != text} == {}
    requests = [fault_server.requests(url) for url in urls]
    assert max(map(len, requests)) == 2
    assert {continued(made[-1].body) for made in requests} == prefixes(text)


@COLOURS
@pytest.mark.parametrize("way", ["completions", "tgi", "chat"])
def test_a_real_reply_that_breaks_goes_on(
    way: str, listen: Listen, servers: dict[str, str], fault_server: FaultServer
) -> None:
    """The same of a longer reply, asked of the model itself each time, at a few bytes."""
    dialect, make = WAYS[way]
    whole = fault_server.url_proxy(servers[dialect], 10**9)
    predict = make(whole)
    assert listen(predict, [whole]) == [TEXT]
    size = size_of(whole, fault_server)
    cuts: list[tuple[End, float]] = [("clean", 0.5), ("fin", 0.7), ("rst", 0.95)]
    for how, part in cuts:
        url = fault_server.url_proxy(servers[dialect], int(size * part), how)
        assert listen(predict, [url]) == [TEXT]
        first, second = (continued(request.body) for request in fault_server.requests(url))
        assert first == ""
        assert second in prefixes(TEXT) - {""}
