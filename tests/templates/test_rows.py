"""Rows of a data set: three forms, the text, and what of it is learned."""

from __future__ import annotations

from typing import Any

import pytest

from chatadapters import TemplateError
from chatadapters.templates import DialogueTemplate, get_template, prepare_dialogue

TURNS = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}]


@pytest.mark.parametrize(
    "row", [{"messages": TURNS}, {"prompt": "Hi", "completion": "Hello!", "messages": None}]
)
def test_messages_or_prompt_and_completion_are_a_dialogue(row: dict[str, Any]) -> None:
    """Both forms give the same text; the row itself is left as it was."""
    template = DialogueTemplate("SYS")
    given = dict(row)
    made = prepare_dialogue(row, template)
    assert made["text"] == template.get_training_prompt(TURNS)
    assert row == given
    assert {name: made[name] for name in row} == given


def test_a_prompt_alone_is_to_be_answered() -> None:
    """For inference the text ends with the generation prompt."""
    made = prepare_dialogue({"prompt": "Hi"}, DialogueTemplate(), is_train=False)
    assert made["text"] == DialogueTemplate().get_inference_prompt("Hi")
    assert made["replies"] == []


@pytest.mark.parametrize("name", ["starchat", "chatml", "llama-2", "zephyr"])
def test_only_the_assistants_text_is_learned(name: str) -> None:
    """The spans cut out every answer with its end token, so that the model learns to stop."""
    turns = [*TURNS, {"role": "user", "content": "Bye"}, {"role": "assistant", "content": "Ciao"}]
    made = prepare_dialogue({"messages": turns}, get_template(name))
    learned = [made["text"][start:stop] for start, stop in made["replies"]]
    assert [
        text.startswith(said) for text, said in zip(learned, ["Hello!", "Ciao"], strict=True)
    ] == [True] * 2
    assert all(get_template(name).stop[0] in text for text in learned)


@pytest.mark.parametrize("row", [{}, {"text": "x"}, {"completion": "x"}])
def test_another_row_is_refused(row: dict[str, Any]) -> None:
    """A row without a dialogue is an error that shows its columns."""
    with pytest.raises(TemplateError, match="a row needs 'messages'"):
        prepare_dialogue(row, DialogueTemplate())


def test_a_name_is_no_template() -> None:
    """What makes one of it is named."""
    with pytest.raises(TemplateError, match=r"give get_template\('zephyr'\)"):
        prepare_dialogue({"prompt": "Hi"}, "zephyr")  # type: ignore[arg-type]
