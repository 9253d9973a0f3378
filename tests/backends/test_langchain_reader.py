"""What LangChain's integrations send is read: reasons, reasoning, usage, tool calls."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.runnables import RunnableLambda

from chatadapters import EmptyReplyError, Finish, ProviderStreamError, langchain_predict
from chatadapters.backends._langchain_reader import LangChainReader
from tests.backends.langchain_model import ended, said, scripted, tool_call
from tests.both import Run, complete


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"finish_reason": "stop"}, "stop"),
        ({"finish_reason": "STOP"}, "stop"),
        ({"finish_reason": "length"}, "length"),
        ({"stop_reason": "end_turn", "stop_sequence": None}, "stop"),
        ({"stop_reason": "max_tokens"}, "length"),
        ({"stopReason": "guardrail_intervened"}, "content_filter"),
        ({"stopReason": "malformed_tool_use"}, "malformed_tool_use"),
        ({"done": True, "done_reason": "length"}, "length"),
        ({"finishReason": "SAFETY"}, "content_filter"),
        ({"status": "completed"}, "stop"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ({"status": "incomplete"}, "incomplete"),
        ({"model_provider": "someone"}, "unknown"),
    ],
)
def test_the_finish_reason_of_every_provider(run: Run, metadata: Any, reason: str) -> None:
    """Each integration names it in its own way; all are read as ours."""
    reply = complete(run, scripted(said("Hi", response_metadata=metadata)), "Hi")
    assert (reply.text, reply.finish_reason) == ("Hi", reason)


def test_a_reason_that_comes_too_early_does_not_end_the_reply(run: Run) -> None:
    """Some Gemini models say in every chunk that they stopped; the last one counts."""
    ratings: dict[str, Any] = {"safety_ratings": []}
    metadata = [
        {"finish_reason": "FINISH_REASON_UNSPECIFIED", **ratings},
        {"finish_reason": "STOP", **ratings},
        {"finish_reason": "MAX_TOKENS", "model_provider": "google_genai"},
    ]
    chunks = [said(f"{n} ", response_metadata=found) for n, found in enumerate(metadata)]
    reply = complete(run, scripted(*chunks), "Hi")
    assert (reply.text, reply.finish_reason) == ("0 1 2 ", "length")


def test_a_reason_with_text_may_come_with_each_piece(run: Run) -> None:
    """As proxies of Gemini send it; the reply goes on as long as text comes."""
    chunks = [said(text, response_metadata={"finish_reason": "stop"}) for text in ("Hel", "lo")]
    assert complete(run, scripted(*chunks), "Hi").text == "Hello"


STOP = {"finish_reason": "stop"}


@pytest.mark.parametrize(
    ("chunks", "left"),
    [
        ([said("Hel"), said("lo", response_metadata=STOP)], [Finish("stop")]),
        ([said("Hel", response_metadata=STOP), said("lo", response_metadata=STOP)], []),
        ([said("Hello"), ended()], []),
        ([said("Hello")], []),
        ([], []),
    ],
)
def test_a_finish_that_was_held_back_counts_where_the_stream_breaks(
    chunks: list[AIMessageChunk], left: list[Finish]
) -> None:
    """Unless the model says one with each piece."""
    reader = LangChainReader()
    for chunk in chunks:
        reader.feed(chunk)
    assert list(reader.broke()) == left


def test_a_prompt_that_was_blocked(run: Run) -> None:
    """There is no text and no reason, only what the prompt was judged to be."""
    predict = scripted(said("", response_metadata={"prompt_feedback": {"block_reason": "SAFETY"}}))
    assert complete(run, predict, "Hi").finish_reason == "content_filter"
    with pytest.raises(EmptyReplyError, match="content_filter"):
        run(predict, "predict", "Hi")


def test_a_failure_named_as_finish_reason_is_an_error(run: Run) -> None:
    """Text before it is kept in the error."""
    predict = scripted(said("Half"), ended("error"))
    with pytest.raises(ProviderStreamError, match="ended the reply with 'error'") as caught:
        complete(run, predict, "Hi")
    assert caught.value.partial == "Half"


@pytest.mark.parametrize(
    "chunk",
    [
        said("", additional_kwargs={"reasoning_content": "Hm."}),
        said("", additional_kwargs={"reasoning": {"summary": [{"text": "Hm."}]}}),
        AIMessageChunk(content=[{"type": "thinking", "thinking": "Hm.", "signature": "x"}]),
        AIMessageChunk(content=[{"type": "reasoning", "reasoning": "Hm."}]),
        AIMessageChunk(
            content=[{"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}]
        ),
        AIMessageChunk(
            content=[{"type": "reasoning_content", "reasoning_content": {"text": "Hm."}}]
        ),
        AIMessageChunk(
            content=[{"type": "reasoning", "reasoning": "Hm."}],
            additional_kwargs={"reasoning_content": "Hm."},
        ),
    ],
)
def test_reasoning_is_told_from_the_answer(run: Run, chunk: AIMessageChunk) -> None:
    """Wherever an integration puts it, it comes once, before the answer."""
    blocks = AIMessageChunk(
        content=[{"type": "text", "text": "Yes"}, ".", {"type": "web_search_call"}]
    )
    predict = scripted(chunk, blocks, ended())
    reply = complete(run, predict, "Hi")
    assert (reply.reasoning, reply.text) == ("Hm.", "Yes.")
    shown = run(predict.using(show_reasoning=True), "predict", "Hi")[-1]
    assert shown.startswith("<think>Hm.")


def test_usage_is_added_up_over_the_chunks(run: Run) -> None:
    """Some providers count the input at the start and the output at the end."""
    first = {
        "input_tokens": 9,
        "output_tokens": 1,
        "total_tokens": 10,
        "input_token_details": {"cache_read": 4},
    }
    last = {
        "input_tokens": 0,
        "output_tokens": 5,
        "total_tokens": 5,
        "output_token_details": {"reasoning": 2},
    }
    usage = complete(
        run, scripted(said("Hi", usage_metadata=first), ended(usage_metadata=last)), "Hi"
    ).usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens) == (9, 6)
    assert (usage.reasoning_tokens, usage.cached_tokens) == (2, 4)


def test_tool_calls_are_put_together(run: Run) -> None:
    """Pieces become whole calls in OpenAI's form, and string views say that there is no text."""
    predict = scripted(
        said("", tool_call_chunks=[tool_call("look", '{"q"', "1")]),
        said("", tool_call_chunks=[tool_call(None, ': "x"}'), tool_call("stop", "{}", "2", 1)]),
        ended("stop"),
    )
    reply = complete(run, predict, "Hi")
    assert reply.finish_reason == "tool_calls"
    assert [(call["id"], call["function"]) for call in reply.tool_calls] == [
        ("1", {"name": "look", "arguments": '{"q": "x"}'}),
        ("2", {"name": "stop", "arguments": "{}"}),
    ]
    with pytest.raises(EmptyReplyError, match="tool_calls"):
        run(predict, "predict", "Hi")


def test_a_whole_message_is_read_too(run: Run) -> None:
    """A model that cannot stream gives one message with parsed calls."""
    message = AIMessage(
        "Let me see.",
        tool_calls=[{"name": "look", "args": {"q": "x"}, "id": "1"}],
        invalid_tool_calls=[{"name": "odd", "args": "{", "id": "2", "error": "cut"}],
        response_metadata={"finish_reason": "tool_calls"},
    )
    reply = complete(run, langchain_predict(RunnableLambda(lambda _: message)), "Hi")
    assert (reply.text, reply.finish_reason) == ("Let me see.", "tool_calls")
    assert [call["function"]["arguments"] for call in reply.tool_calls] == ['{"q": "x"}', "{"]


def test_a_function_call_of_the_old_kind(run: Run) -> None:
    """It comes beside the content, in pieces."""
    pieces = [{"name": "look", "arguments": '{"q":'}, {"name": "", "arguments": ' "x"}'}]
    chunks = [said("", additional_kwargs={"function_call": piece}) for piece in pieces]
    [found] = complete(run, scripted(*chunks, ended("function_call")), "Hi").tool_calls
    assert found["function"] == {"name": "look", "arguments": '{"q": "x"}'}


@pytest.mark.parametrize(
    "chunk",
    [
        said("", additional_kwargs={"refusal": "I will not."}),
        AIMessageChunk(content=[{"type": "refusal", "refusal": "I will not."}]),
    ],
)
def test_a_refusal_is_text(run: Run, chunk: AIMessageChunk) -> None:
    """It is shown, and the finish says what it is."""
    reply = complete(run, scripted(chunk, ended()), "Hi")
    assert (reply.text, reply.finish_reason) == ("I will not.", "refusal")


def test_halves_of_a_character_are_joined(run: Run) -> None:
    """A pair of surrogates that a provider tore apart becomes one character again."""
    predict = scripted(said("Hi \ud83d"), said("\ude00!"), ended())
    assert run(predict, "predict", "Hi")[-1] == "Hi 😀!"


OPENAI = {"model_provider": "openai"}
TWISTS: list[dict[str, Any]] = [
    {},
    {"content": "b"},
    {"content": ""},
    {"content": [{"type": "text", "text": "c"}]},
    {"response_metadata": {}},
    {"response_metadata": {**OPENAI, "finish_reason": "stop"}},
    {"additional_kwargs": {"reasoning_content": "Hm"}},
    {"usage_metadata": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}},
    {"tool_call_chunks": [{"name": "f", "args": "{", "id": "1", "index": 0}]},
    {"chunk_position": "last"},
]
CHUNKS = [
    AIMessageChunk(**{"content": "a", "response_metadata": OPENAI, **twist}) for twist in TWISTS
]


@given(st.lists(st.sampled_from([*CHUNKS, "d", AIMessage("e")]), max_size=12), st.booleans())
def test_what_is_read_fast_reads_the_same(chunks: list[Any], one_call: bool) -> None:
    """A chunk of nothing but more text is read by a short cut, never one within a tuple."""
    short, whole = LangChainReader(one_call=one_call), LangChainReader(one_call=one_call)
    for chunk in chunks:
        assert short.feed(chunk) == whole.feed((chunk,))
    assert short.finish() == whole.finish()
