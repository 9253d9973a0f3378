"""What llama.cpp does not do, as docs/howto says it."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from chatadapters import local_predict
from chatadapters.templates import DialogueTemplate, get_template
from tests.both import complete

if TYPE_CHECKING:
    from tests.both import Run

TOOL = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}},
}
NAMED = {"type": "function", "function": {"name": "weather"}}


@pytest.mark.parametrize("choice", ["required", NAMED])
def test_the_embedded_model_reads_no_tools(choice: object, run: Run) -> None:
    """Its template has no place for them, and a choice that demands a call binds nothing."""
    with closing(local_predict(n_ctx=256, temperature=0, max_tokens=4)) as predict:
        plain = complete(run, predict, "Hi")
        asked = complete(run, predict.using(tools=[TOOL], tool_choice=choice), "Hi")
    assert asked.text == plain.text
    assert asked.tool_calls == ()
    assert asked.usage.input_tokens == plain.usage.input_tokens


def test_a_server_stops_in_the_reasoning_too(run: Run) -> None:
    """It looks at the raw text: the reply ends before there is an answer."""
    family = json.loads(get_template("smollm2").to_json())
    family["layout"]["generation_prompt"] += "<think>\n"
    thinking = DialogueTemplate.from_json(json.dumps(family))
    with closing(local_predict(template=thinking, n_ctx=256, temperature=0)) as predict:
        whole = complete(run, predict.using(max_tokens=12), "Hi")
        stop = whole.reasoning[4:]
        cut = complete(run, predict.using(max_tokens=12, stop=stop), "Hi")
    assert (cut.text, cut.reasoning, cut.finish_reason) == ("", whole.reasoning[:4], "stop")
