"""The embedded model's own template: our prompts are those that its server writes."""

from __future__ import annotations

from typing import Any

import pytest

from chatadapters import local_predict
from chatadapters._weights import find_weights
from chatadapters.templates import DialogueTemplate, Layout

CONVERSATIONS = [
    ("What is the capital of France?", []),
    ("And of Italy?", [("What is the capital of France?", "Paris.")]),
    ("Say it again, é!", [("Say hello.", "Hello."), ("Once more.", "Hello again.")]),
]


@pytest.mark.parametrize(("message", "history"), CONVERSATIONS)
def test_a_compiled_gguf_template_gives_the_servers_answers(
    message: str, history: list[tuple[str, str]]
) -> None:
    """Raw completions with the GGUF's template and the server's chat route answer alike."""
    template = DialogueTemplate.from_gguf(find_weights("smollm2"))
    assert isinstance(template.layout, Layout)
    options: dict[str, Any] = {"temperature": 0, "max_tokens": 16, "n_threads": 1}
    raw = local_predict(template=template, **options).complete(message, history)
    chat = local_predict(**options).complete(message, history)
    assert (raw.text, raw.finish_reason) == (chat.text, chat.finish_reason)
    assert raw.text
