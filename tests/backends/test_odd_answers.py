"""What servers get wrong beside the text does not cost the text, in both colours."""

from __future__ import annotations

from chatadapters import openai_predict, text_generation_predict
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
