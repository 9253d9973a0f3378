"""The embedded model's own template: our prompts are those that its server writes."""

from __future__ import annotations

from typing import Any

import pytest

from chatadapters import local_predict
from chatadapters._weights import find_weights
from chatadapters.templates import DialogueTemplate, Layout

CONVERSATIONS: list[tuple[str, list[tuple[str, str]], str | None]] = [
    ("What is the capital of France?", [], None),
    ("And of Italy?", [("What is the capital of France?", "Paris.")], None),
    ("Say it again, é!", [("Say hello.", "Hello."), ("Once more.", "Hello again.")], None),
    ("Who are you?", [], "You are a pirate. Answer in one sentence."),
    (" \n  What does this do?\n```python\nif a < b:\n    print('|')\n```\n", [], None),
    ("Go on.", [(f"Count: {n}", f"{n} \n") for n in range(12)], "You count."),
]


@pytest.mark.parametrize(("message", "history", "system"), CONVERSATIONS)
def test_a_compiled_gguf_template_gives_the_servers_answers(
    message: str, history: list[tuple[str, str]], system: str | None
) -> None:
    """Raw completions with the GGUF's template and the server's chat route answer alike."""
    template = DialogueTemplate.from_gguf(find_weights("smollm2"))
    assert isinstance(template.layout, Layout)
    options: dict[str, Any] = {"temperature": 0, "max_tokens": 16, "n_threads": 1, "system": system}
    raw = local_predict(template=template, **options).complete(message, history)
    chat = local_predict(**options).complete(message, history)
    assert (raw.text, raw.finish_reason) == (chat.text, chat.finish_reason)
    assert raw.text
