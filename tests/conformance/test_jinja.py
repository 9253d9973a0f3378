"""Real Jinja chat templates: what we write is what Jinja writes, or both refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

import pytest

from chatadapters import Message, TemplateError
from chatadapters.templates import DialogueTemplate, Layout

from .corpora import COUNTS, TEMPLATES
from .oracle import oracle

BOS, EOS = "<s>", "</s>"
CONVERSATIONS: list[list[Message]] = [
    [Message("user", "Hello")],
    [Message("system", "You are a helpful assistant"), Message("user", "Hello")],
    [
        Message("user", "  Hello\n"),
        Message("assistant", " Hi there \n\n"),
        Message("user", "\tWho are you "),
    ],
    [
        Message("system", " S\n"),
        Message("user", "Hello"),
        Message("assistant", "Hi there"),
        Message("user", "Who are you"),
        Message("assistant", "   I am an assistant   "),
        Message("user", "Another question"),
    ],
    [Message("assistant", "Welcome"), Message("user", "Hello")],
    [Message("user", "a"), Message("assistant", "b"), Message("system", "c"), Message("user", "d")],
    [Message("user", "a"), Message("user", "b")],
    [
        Message("user", "a"),
        Message("assistant", "<think>\nhm\n</think>\n\nb"),
        Message("user", "c"),
    ],
    [Message("user", "a"), Message("assistant", "b")],
    [Message("system", "/no_think"), Message("user", "a /think")],
    [Message("user", "naïve 中文 😀 <b> & 'q' \"d\" {{ x }} {% if %}")],
]


def _templates() -> Iterator[tuple[str, str]]:
    for folder in ("llama.cpp/templates", "ollama/renderers", "chujiezheng/chat_templates"):
        for path in sorted((TEMPLATES / folder).glob("*.jinja*")):
            text = path.read_text("utf-8")
            if folder.startswith("chujiezheng") and path.name != "qwen2.5-instruct.jinja":
                text = text.replace("    ", "").replace("\n", "")
            yield f"{folder.partition('/')[0]}:{path.stem}", text
    lines = (TEMPLATES / "ollama/templates.jsonl").read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        for name, text in json.loads(line).items():
            yield f"ollama:{number}:{name}", text


ALL = dict(_templates())


@cache
def _template(name: str) -> DialogueTemplate:
    return DialogueTemplate.from_jinja(ALL[name], bos_token=BOS, eos_token=EOS)


@pytest.mark.parametrize("name", ALL)
def test_a_jinja_template_is_written_as_jinja_writes_it(name: str) -> None:
    """Prompts and training texts are equal to Jinja's, or both refuse; the same from `to_jinja`.

    Where only we refuse, it is a system message between the turns that the compiled layout has
    no place for; where only Jinja refuses, it is an order of roles that we can write.
    """
    try:
        template = _template(name)
    except TemplateError:
        assert oracle(ALL[name], CONVERSATIONS[0], BOS, EOS, generation=True) is None
        COUNTS["templates refused alike"] += 1
        return
    kind = "compiled" if isinstance(template.layout, Layout) else "rendered"
    COUNTS[f"templates {kind}"] += 1
    for turns in CONVERSATIONS:
        for generation in (True, False):
            if generation and turns[-1][0] == "assistant":
                continue
            expected = oracle(ALL[name], turns, BOS, EOS, generation=generation)
            write = template.get_inference_prompt if generation else template.get_training_prompt
            try:
                written = write(turns, escape="off", bos=True)
            except TemplateError:
                written = None
            if expected is not None and written is not None:
                COUNTS["different"] += written != expected
                assert written == expected
                # And back: the layout written as Jinja again says the same.
                again = oracle(template.to_jinja(), turns, BOS, EOS, generation=generation)
                assert again == expected
            COUNTS[_outcome(written, expected)] += 1
            if expected is not None and written is None:
                assert any(role == "system" for role, _ in turns[1:])


def test_nine_of_ten_templates_are_compiled() -> None:
    """Of those that Jinja can render at all, nine in ten need no Jinja for a prompt."""
    compiled, rendered = (COUNTS[f"templates {kind}"] for kind in ("compiled", "rendered"))
    assert compiled >= 0.9 * (compiled + rendered)


def _outcome(written: str | None, expected: str | None) -> str:
    if written is None:
        return "refused alike" if expected is None else "refused by us"
    return "written by us only" if expected is None else "exact"


@pytest.mark.parametrize("name", ALL)
def test_the_answers_are_found_in_every_training_text(name: str) -> None:
    """Compiled or rendered, the spans are the assistant's texts with what ends them."""
    turns = [Message("user", "Hi"), Message("assistant", "One two"), Message("user", "And?")]
    turns.append(Message("assistant", "Three."))
    try:
        template = _template(name)
        rendered = template.rendered(turns, inference=False)
    except TemplateError:
        return
    learned = [rendered.prompt[start:stop] for start, stop in rendered.replies]
    first, last = learned
    assert (first[:7], last[:6]) == ("One two", "Three.")
    assert rendered.prompt.endswith(last)
