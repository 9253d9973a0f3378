"""Expected prompts of other projects' own tests, byte for byte, from their Jinja templates."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatadapters import Message, TemplateError
from chatadapters.templates import DialogueTemplate

from .corpora import TEMPLATES

LLAMA_CPP = [
    case
    for case in json.loads((TEMPLATES / "llama.cpp/cases.json").read_text("utf-8"))
    if case["supported_with_jinja"]
]
TGI = json.loads((TEMPLATES / "tgi/cases.json").read_text("utf-8"))
ROLES = {"system", "user", "assistant"}
SYSTEM = "You are a helpful assistant"
TURNS = [
    Message("user", "Hello"),
    Message("assistant", "Hi there"),
    Message("user", "Who are you"),
    Message("assistant", "   I am an assistant   "),
    Message("user", "Another question"),
]


def _plain(case: dict[str, Any]) -> bool:
    return {turn["role"] for turn in case["extra_conversation"]} <= ROLES


@pytest.mark.parametrize("case", [*filter(_plain, LLAMA_CPP)], ids=lambda case: case["name"])
def test_llama_cpps_expected_output(case: dict[str, Any]) -> None:
    """The prompt is the expected one; a refused or ignored system text is merged as there."""
    template = _template(case)
    merged = Message("user", f"{SYSTEM}\n{TURNS[0].content}")
    try:
        prompt = template.get_inference_prompt(TURNS, system=SYSTEM, bos=True)
    except TemplateError:
        prompt = ""
    if SYSTEM not in prompt:
        prompt = template.get_inference_prompt([merged, *TURNS[1:]], bos=True)
    assert prompt == (case["expected_output_jinja"] or case["expected_output"])


@pytest.mark.parametrize(
    "case", [case for case in LLAMA_CPP if not _plain(case)], ids=lambda case: case["name"]
)
def test_other_roles_of_llama_cpps_cases_are_refused(case: dict[str, Any]) -> None:
    """Roles of tools are refused by name; all turns before them are written as expected."""
    template = _template(case)
    extra = [Message(turn["role"], turn["content"]) for turn in case["extra_conversation"]]
    with pytest.raises(TemplateError, match="'assistant_tool_call'"):
        template.get_inference_prompt([*TURNS, *extra], system=SYSTEM)
    start = template.get_training_prompt([*TURNS, extra[0]], system=SYSTEM, bos=True)
    assert (case["expected_output_jinja"] or case["expected_output"]).startswith(start)


def _template(case: dict[str, Any]) -> DialogueTemplate:
    return DialogueTemplate.from_jinja(
        case["template"], bos_token=case["bos_token"], eos_token=case["eos_token"]
    )


@pytest.mark.parametrize("case", TGI, ids=lambda case: case["name"])
def test_tgis_target(case: dict[str, Any]) -> None:
    """The text is the target, the template's lines joined as TGI's tests join them."""
    source = "".join(line.strip() for line in case["template"].splitlines())
    tokens = {"bos_token": case["bos_token"], "eos_token": case["eos_token"]}
    template = DialogueTemplate.from_jinja(source, **tokens)
    turns = [Message(turn["role"], turn["content"]) for turn in case["messages"]]
    rendered = template.rendered(turns, inference=case["add_generation_prompt"], bos=True)
    assert rendered.prompt == case["target"]
