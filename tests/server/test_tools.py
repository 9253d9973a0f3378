"""Tool calls through the server, both ways: on to the provider and back to the client."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from langchain_core.messages import AIMessage, ToolMessage

from chatadapters import (
    Finish,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    UnsupportedContentError,
    huggingface_predict,
    make_predict,
    openai_predict,
    text_generation_predict,
)
from chatadapters.backends._langchain_messages import langchain_messages
from chatadapters.server._messages import read_messages
from chatadapters.testing import ScriptedBackend
from chatadapters.testing.faults import TEXT, FaultServer
from tests.both import Run, complete, run
from tests.server.serving import ASK, client, scripted, serving

pytest_plugins = ["chatadapters.testing.pytest_plugin"]
__all__ = ["run"]

TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object"}},
}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
TALK: list[dict[str, Any]] = [
    {"role": "user", "content": "Is it warm?"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": "21 degrees"},
]


class Tooled(ScriptedBackend):
    """A scripted backend that takes tools."""

    def request_options(self) -> dict[str, str]:
        return {"tools": "tools"}


def test_a_whole_tool_loop_through_two_servers() -> None:
    """Tools, calls and results travel through openai_predict to another server of ours."""
    predict = make_predict(Tooled([Finish("tool_calls", tool_calls=(CALL,))], "It is."))
    with serving({"inner": predict}) as inner:
        outer = openai_predict("inner", base_url=f"{inner}/v1", api_key="none")
        with serving({"m": outer}) as url, client(url) as ai:
            asked = ai.chat.completions.create(
                model="m", messages=TALK[:1], tools=[TOOL], stream=True
            )
            deltas = [chunk.choices[0].delta for chunk in asked]
            reply = ai.chat.completions.create(model="m", messages=TALK, tools=[TOOL])
    (call,) = [call for delta in deltas for call in delta.tool_calls or ()]
    assert (call.id, call.function and call.function.name) == ("call_1", "weather")
    assert reply.choices[0].message.content == "It is."
    backend = predict.backend
    assert isinstance(backend, Tooled)
    first, second = backend.requests
    assert first["tools"] == [TOOL]
    assert second["messages"][1:] == [
        {"role": "assistant", "content": (ToolCallPart("call_1", "weather", "{}"),)},
        {"role": "tool", "content": (ToolResultPart("call_1", "21 degrees"),)},
    ]


def test_tools_that_a_backend_does_not_take_are_refused() -> None:
    """A model that would never hear of them must not answer as if it had."""
    with (
        serving({"m": scripted("x")}) as url,
        client(url) as ai,
        pytest.raises(openai.BadRequestError, match="'m' has no such option"),
    ):
        ai.chat.completions.create(**ASK, tools=[TOOL])


def test_the_chat_wire_carries_calls_and_results() -> None:
    """What a client sent is what the provider is sent, text beside calls included."""
    said = {**TALK[1], "content": "I look."}
    last, history = read_messages([TALK[0], said, TALK[2]])
    for predict in (openai_predict("m"), huggingface_predict("m")):
        assert predict.build(last, history)["messages"] == [TALK[0], said, TALK[2]]


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_of_the_chat_route_reaches_the_responses_api(
    fault_server: FaultServer, stream: bool
) -> None:
    """Tools, calls and results are sent on in the form which that API has for them."""
    url = fault_server.url("ok", "responses")
    predict = openai_predict("m", base_url=url, api_key="k", api="responses")
    choice = {"type": "function", "function": {"name": "weather"}}
    asked = {"messages": TALK, "tools": [TOOL], "tool_choice": choice, "stream": stream}
    with serving({"m": predict}) as served, client(served) as ai:
        answer = ai.chat.completions.create(model="m", **asked)
        text = (
            "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)
            if stream
            else answer.choices[0].message.content
        )
    assert text == TEXT
    sent = fault_server.requests(url)[-1].body
    assert sent["input"] == [
        TALK[0],
        {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "21 degrees"},
    ]
    assert sent["tools"] == [{"type": "function", **TOOL["function"]}]
    assert sent["tool_choice"] == {"type": "function", "name": "weather"}


def test_the_sdk_sends_results_to_both_apis(fault_server: FaultServer, run: Run) -> None:
    """A conversation of parts is answered by the real SDK, sync and async, on both wires."""
    last, history = read_messages(TALK)
    urls = [fault_server.url("ok", dialect) for dialect in ("openai", "responses")]
    for api, url in zip(("chat", "responses"), urls, strict=True):
        predict = openai_predict("m", base_url=url, api_key="k", api=api)
        assert complete(run, predict, last, history).text == TEXT
    chat, responses = (fault_server.requests(url)[-1].body for url in urls)
    assert chat["messages"][-1] == TALK[2]
    assert responses["input"][-1]["output"] == "21 degrees"


def test_langchain_gets_messages_of_its_own() -> None:
    """A model of LangChain reads calls and results as its own kinds of message."""
    last, history = read_messages(TALK)
    _, said, result = langchain_messages([*history, last])
    assert isinstance(said, AIMessage)
    assert said.tool_calls[0]["name"] == "weather"
    assert isinstance(result, ToolMessage)
    assert (result.tool_call_id, result.content) == ("call_1", "21 degrees")


def test_a_raw_prompt_has_no_place_for_them() -> None:
    """A template refuses them by name instead of leaving them out."""
    last, history = read_messages(TALK)
    with pytest.raises(UnsupportedContentError, match="the tool call 'weather'"):
        text_generation_predict("http://127.0.0.1:1", template="chatml").build(last, history)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"role": "assistant", "tool_calls": {"id": 1}}, "give a list"),
        ({"role": "assistant", "tool_calls": ["x"]}, "an id and a function"),
        ({"role": "assistant", "tool_calls": [{**CALL, "id": 3}]}, "id: give a text"),
        ({"role": "assistant", "tool_calls": [{"id": "1", "function": {}}]}, "name: give"),
        ({"role": "tool", "tool_call_id": 3, "content": "x"}, "tool_call_id: give"),
    ],
)
def test_broken_calls_are_named(message: dict[str, Any], words: str) -> None:
    """The answer says which piece is missing."""
    body = {"model": "m", "messages": [message, *ASK["messages"]]}
    with (
        serving({"m": scripted("x")}) as url,
        client(url) as ai,
        pytest.raises(openai.BadRequestError, match=words),
    ):
        ai.chat.completions.create(**body)


def test_a_call_without_an_id_gets_one() -> None:
    """Without it no client could send the result."""
    call = {**CALL, "id": None}
    script = [Finish("tool_calls", tool_calls=(call,))]
    with serving({"m": scripted(script)}) as url, client(url) as ai:
        message = ai.chat.completions.create(**ASK).choices[0].message
    assert message.content is None
    assert message.tool_calls
    assert message.tool_calls[0].id.startswith("call_")
    assert json.loads(message.tool_calls[0].model_dump_json())["function"]["name"] == "weather"


def test_text_beside_calls_in_parts_is_kept() -> None:
    """An assistant's message may have text in parts and a call."""
    content = [{"type": "text", "text": "I look."}]
    last, history = read_messages([TALK[0], {**TALK[1], "content": content}, TALK[2]])
    assert history[1].content == (TextPart("I look."), ToolCallPart("call_1", "weather", "{}"))
    assert last.role == "tool"
