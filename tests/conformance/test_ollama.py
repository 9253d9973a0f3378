"""Ollama's expected prompts, byte for byte."""

from __future__ import annotations

import json

import pytest

from chatadapters.templates import get_template

from .corpora import OLLAMA, TEMPLATES

FAMILIES = {
    "alfred": "alfred",
    "alpaca": "alpaca",
    "chatml": "chatml",
    "chatqa": "chatqa",
    "codellama-70b-instruct": "codellama-70b",
    "command-r": "command-r-ollama",
    "falcon-instruct": "falcon-ollama",
    "gemma-instruct": "gemma-ollama",
    "gemma3-instruct": "gemma-3-ollama",
    "granite-instruct": "granite-code",
    "llama2-chat": "llama-2-ollama",
    "llama3-instruct": "llama-3",
    "magicoder": "magicoder",
    "mistral-instruct": "mistral-ollama",
    "openchat": "openchat",
    "phi-3": "phi-3",
    "solar-instruct": "solar",
    "starcoder2-instruct": "starcoder2",
    "vicuna": "vicuna-lines",
    "zephyr": "zephyr",
}


def test_every_family_of_the_corpus_is_known() -> None:
    """No expected prompt is left out."""
    assert {path.name for path in (TEMPLATES / "ollama/expected").iterdir()} == set(FAMILIES)


@pytest.mark.parametrize("case", OLLAMA)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_prompt_is_ollamas(family: str, case: str) -> None:
    """The family's prompt is the expected text, byte for byte."""
    expected = (TEMPLATES / "ollama/expected" / family / f"{case}.txt").read_text("utf-8")
    assert get_template(FAMILIES[family]).get_inference_prompt(OLLAMA[case]) == expected


@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - {"mistral-instruct"}))
def test_ollamas_stop_sequences_are_covered(family: str) -> None:
    """What Ollama stops on cannot begin a turn here: it is a stop, a token or a label.

    `mistral-instruct` lists the tokens of another family in the corpus.
    """
    stops = json.loads((TEMPLATES / "ollama/stop" / f"{family}.json").read_text())["stop"]
    layout = get_template(FAMILIES[family]).layout
    known = "\n".join((*layout.stop, *layout.special_tokens, *layout.labels))
    assert [stop for stop in stops if stop not in known] == []
