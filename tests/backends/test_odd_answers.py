"""What servers get wrong beside the text does not cost the text, in both colours."""

from __future__ import annotations

from chatadapters import openai_predict
from tests.backends.served import Served, answer
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
