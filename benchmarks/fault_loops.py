"""The loops that `fault_matrix` plays faults to, each as people write it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import huggingface_hub
import openai

from chatadapters import (
    EmptyReplyError,
    Predict,
    Reply,
    Retry,
    Timeout,
    langchain_predict,
    openai_predict,
)
from chatadapters.testing.faults import SCENARIOS, Scenario

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

KEY = "sk-fault-Zm9yYmlkZGVu"
PATIENCE = 1.5
_MESSAGES: list[Any] = [{"role": "user", "content": "Hello"}]


@dataclass
class Seen:
    """What a user saw of one reply, and what the program was told."""

    text: str = ""
    reason: str | None = None
    error: str = ""
    empty: bool = False
    seconds: float = 0.0


Loop = Callable[[str, Scenario, Seen], None]


def ours(url: str, wanted: Scenario, seen: Seen) -> None:
    """`openai_predict`, sync."""
    for value in _predict(url, wanted, seen)("Hello", []):
        seen.text = value


def ours_async(url: str, wanted: Scenario, seen: Seen) -> None:
    """`openai_predict(...).aio`."""

    async def listen() -> None:
        async for value in _predict(url, wanted, seen).aio("Hello", []):
            seen.text = value

    asyncio.run(listen())


def ours_on_langchain(url: str, wanted: Scenario, seen: Seen) -> None:
    """`langchain_predict` of LangChain's own OpenAI client, whose retries are off."""
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    model = ChatOpenAI(
        model="fault", base_url=url, api_key=SecretStr(KEY), max_retries=0, timeout=PATIENCE
    )
    for value in langchain_predict(model, **_options(wanted, seen))("Hello", []):
        seen.text = value


def langchain(url: str, wanted: Scenario, seen: Seen) -> None:
    """LangChain's OpenAI client itself, with three retries and a timeout."""
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    model = ChatOpenAI(
        model="fault", base_url=url, api_key=SecretStr(KEY), max_retries=3, timeout=PATIENCE
    )
    for chunk in model.stream("Hello", stop=list(wanted.stop) or None):
        seen.text += str(chunk.text)
        seen.reason = chunk.response_metadata.get("finish_reason") or seen.reason


def _predict(url: str, wanted: Scenario, seen: Seen) -> Predict:
    return openai_predict("fault", base_url=url, api_key=KEY, **_options(wanted, seen))


def _options(wanted: Scenario, seen: Seen) -> dict[str, Any]:
    def note(reply: Reply) -> None:
        seen.reason = reply.finish_reason

    return {
        "stop": wanted.stop,
        "retry": Retry(wait=0.05),
        "timeout": Timeout(connect=PATIENCE, first=PATIENCE, idle=PATIENCE),
        "on_finish": note,
        **wanted.options,
    }


def guide(url: str, wanted: Scenario, seen: Seen) -> None:
    """The loop of Gradio's guide on the openai SDK, all defaults."""
    for chunk in _chunks(openai.OpenAI(base_url=url, api_key=KEY), wanted):
        if chunk.choices[0].delta.content is not None:
            seen.text = seen.text + chunk.choices[0].delta.content


def guarded(url: str, wanted: Scenario, seen: Seen) -> None:
    """The same, guarded against chunks without text, with retries and a read timeout."""
    client = openai.OpenAI(base_url=url, api_key=KEY, max_retries=3, timeout=PATIENCE)
    _listen(_chunks(client, wanted), seen)


def hub(url: str, wanted: Scenario, seen: Seen) -> None:
    """huggingface_hub's InferenceClient, with the same guards and timeout."""
    client = huggingface_hub.InferenceClient(base_url=url, api_key=KEY, timeout=PATIENCE)
    stop = list(wanted.stop) or None
    _listen(client.chat_completion(_MESSAGES, stream=True, stop=stop), seen)


def _chunks(client: openai.OpenAI, wanted: Scenario) -> Iterable[Any]:
    stop = list(wanted.stop) or None
    create = client.chat.completions.create
    return create(model="fault", messages=_MESSAGES, stream=True, stop=stop)


def _listen(chunks: Iterable[Any], seen: Seen) -> None:
    for chunk in chunks:
        choice = chunk.choices[0] if chunk.choices else None
        if choice and choice.delta and choice.delta.content:
            seen.text += choice.delta.content
        if choice and choice.finish_reason:
            seen.reason = choice.finish_reason


LOOPS: dict[str, Loop] = {
    "chatadapters": ours,
    "chatadapters, async": ours_async,
    "chatadapters on LangChain": ours_on_langchain,
    "Gradio's guide": guide,
    "openai SDK, guarded": guarded,
    "langchain-openai": langchain,
    "huggingface_hub": hub,
}


def work(answer: Connection, name: str, url: str, scenario: str) -> None:
    """Run one loop on one fault and send what was seen."""
    seen, began = Seen(), time.monotonic()
    try:
        LOOPS[name](url, SCENARIOS[scenario], seen)
    except Exception as error:  # whatever the loop lets through is what is judged
        seen.error, seen.empty = f"{error!r} {error}", isinstance(error, EmptyReplyError)
    seen.seconds = time.monotonic() - began
    answer.send(seen)


def _warm_up() -> None:
    """Load what is loaded at first use, so that no reply is charged with it."""
    import langchain_openai  # noqa: F401
    import tenacity  # noqa: F401

    with openai.OpenAI(api_key="none") as client:
        client.chat.completions.with_streaming_response  # noqa: B018


_warm_up()
