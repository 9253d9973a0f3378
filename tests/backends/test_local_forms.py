"""A response format binds a reply of the local backend, whoever writes the prompt."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chatadapters import local_predict
from chatadapters._errors import OptionError
from tests.both import complete

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatadapters._protocols import Predict
    from tests.both import Run

SCHEMA = {
    "type": "object",
    "properties": {"mood": {"enum": ["serene 😀"]}},
    "required": ["mood"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module", params=[None, "smollm2"])
def predict(request: pytest.FixtureRequest) -> Iterator[Predict]:
    """The model with a prompt of the server's, and with one of ours."""
    predict = local_predict(
        template=request.param, n_ctx=512, n_threads=1, temperature=0, max_tokens=60
    )
    yield predict
    predict.close()


def test_a_schema_is_kept(predict: Predict, run: Run) -> None:
    """The raw route has no response format of its own: it would answer in prose, unasked."""
    form = {"type": "json_schema", "json_schema": {"name": "mood", "schema": SCHEMA}}
    reply = complete(run, predict.using(response_format=form), "Hi")
    assert json.loads(reply.text) == {"mood": "serene 😀"}


def test_any_object_is_json(predict: Predict, run: Run) -> None:
    """Without a schema it is some object; with one beside the type, as llama.cpp has it, that."""
    begun = complete(run, predict.using(response_format={"type": "json_object"}), "Hi")
    assert begun.text.startswith("{")
    form = {"type": "json_object", "schema": SCHEMA}
    reply = complete(run, predict.using(response_format=form), "Hi")
    assert json.loads(reply.text) == {"mood": "serene 😀"}


def test_plain_text_is_no_form(predict: Predict) -> None:
    """It is said as usual."""
    plain = predict.using(response_format={"type": "text"}, max_tokens=4)
    assert plain.complete("Hi").text == predict.using(max_tokens=4).complete("Hi").text


@pytest.mark.parametrize("form", [{"type": "yaml"}, {"type": "json_schema"}, {}])
def test_a_form_that_nobody_has_is_refused(form: dict[str, Any]) -> None:
    """With a prompt of ours nobody else would say so."""
    with pytest.raises(OptionError, match="response_format=.*: give"):
        local_predict(template="smollm2", response_format=form).build("Hi")


def test_a_reply_of_a_form_does_not_go_on_in_its_middle() -> None:
    """It begins again, because a grammar holds from the beginning."""
    predict = local_predict(template="smollm2", response_format={"type": "json_object"})
    assert predict.backend.resume(predict.build("Hi"), '{"a": ') is None
