"""What servers get wrong beside the text does not cost the text, in both colours."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatadapters import Retry, openai_predict, text_generation_predict
from tests.backends.served import Served, answer, event
from tests.both import Run, complete


def test_a_count_that_is_no_number(run: Run) -> None:
    """A finished reply stays whole when the server cannot count."""
    body = (
        b'data: {"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}], '
        b'"usage": {"prompt_tokens": 9, "completion_tokens": NaN}}\n\ndata: [DONE]\n\n'
    )
    with Served([answer(body)]) as server:
        reply = complete(run, openai_predict("m", base_url=server.url, api_key="k"), "Hi")
    assert (reply.text, reply.attempts) == ("Hi", 1)
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (9, None)


def test_halves_of_characters(run: Run) -> None:
    """What no request can carry is repaired in messages; a tool call's pieces are joined."""
    pieces = [{"id": "1", "function": {"name": "say", "arguments": '"\ud83d'}}]
    pieces.append({"function": {"arguments": '\ude00"'}})
    events = [event({"choices": [{"delta": {"tool_calls": [piece]}}]}) for piece in pieces]
    end = event({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]})
    with Served([answer(*events, end)]) as server:
        predict = openai_predict("m", base_url=server.url, api_key="k", system="\ud83d\ude00")
        reply = complete(run, predict, "Hi \ud83d", [["\udc00", "b"]])
        sent = [message["content"] for message in server.requests[0].body["messages"]]
    assert sent == ["😀", "\ufffd", "b", "Hi \ufffd"]
    assert reply.tool_calls[0]["function"]["arguments"] == '"😀"'


def test_halves_of_characters_in_a_prompt(run: Run) -> None:
    """The same of a prompt that is written here."""
    end = event({"token": {"text": "Hi"}, "generated_text": "Hi"})
    with Served([answer(end)]) as server:
        complete(run, text_generation_predict(server.url), "Hi \ud83d")
        assert "Hi \ufffd<|end|>" in server.requests[0].body["inputs"]


@pytest.mark.parametrize("half", [rb"\ud83d", b"\xf0\x9f"])
def test_half_a_character_before_an_end_without_a_finish(half: bytes, run: Run) -> None:
    """What `[DONE]` cuts is not shown, so that the next attempt goes on with it whole."""
    cut = event(said("Hi ")), event(said("?")).replace(b"?", half) + event("[DONE]")
    whole = event(said("Hi 😀", "stop"))
    with Served([answer(*cut), answer(whole)]) as server:
        predict = openai_predict("m", base_url=server.url, retry=Retry(wait=0))
        assert "".join(run(predict, "deltas", "Hi")) == "Hi 😀"


@pytest.mark.parametrize("ends", [{"ends_with": "done"}, {"ends_with": "close"}])
def test_half_a_character_at_an_end_that_suffices(ends: Any, run: Run) -> None:
    """It is all that was said."""
    with Served([answer(event(said("Hi \ud83d")) + event("[DONE]"))]) as server:
        predict = openai_predict("m", base_url=server.url, **ends)
        assert complete(run, predict, "Hi").text == "Hi \ufffd"


def test_an_answer_that_is_asked_for_in_one_piece(run: Run) -> None:
    """As of RAGFlow, whose streams end with all of it again; what a model repeats is its own."""
    message = {"role": "assistant", "content": "Hello"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    streamed = b"".join(map(event, (said("Hel"), said("lo"), said("Hello"), said("", "stop"))))
    with Served([answer(json.dumps({"choices": [choice]}).encode()), answer(streamed)]) as server:
        predict = openai_predict("m", base_url=server.url)
        asked = predict.using(extra_body={"stream": False})
        assert run(asked, "predict", "Hi") == ["Hello"]
        assert server.requests[0].body["stream"] is False
        assert run(predict, "predict", "Hi")[-1] == "HelloHello"


def said(content: str, finish: str | None = None) -> dict[str, Any]:
    """Give a chunk of a chat."""
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish}
    return {"choices": [choice]}
