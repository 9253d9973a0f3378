"""The named families write the bytes of their sources."""

from __future__ import annotations

import pytest

from chatadapters import TemplateError
from chatadapters.templates import DialogueTemplate, get_template, list_templates, template_for

from .layouts import CONVERSATION, PROMPTS


@pytest.mark.parametrize("name", PROMPTS)
def test_the_prompt_has_the_bytes_of_its_source(name: str) -> None:
    """Every character of a named family's prompt is as its source writes it."""
    assert get_template(name).get_inference_prompt(CONVERSATION, bos=True) == PROMPTS[name]


@pytest.mark.parametrize("name", list_templates())
def test_every_family_is_complete(name: str) -> None:
    """Every family names itself, says where it is from and knows where to stop."""
    template = get_template(name)
    assert (template.name, bool(template.source), bool(template.stop)) == (name, True, True)


@pytest.mark.parametrize("name", list_templates())
def test_every_family_survives_json(name: str) -> None:
    """Written as JSON and read back, a family is equal to itself."""
    template = get_template(name)
    assert DialogueTemplate.from_json(template.to_json()) == template


@pytest.mark.parametrize("name", list_templates())
def test_the_bos_token_is_left_to_the_server(name: str) -> None:
    """A prompt begins with the beginning-of-sequence token only when asked for."""
    template = get_template(name)
    without = template.get_inference_prompt("Hi")
    assert template.get_inference_prompt("Hi", bos=True) == template.layout.bos + without
    assert not (template.layout.bos and without.startswith(template.layout.bos))


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("default", "starchat-default"),
        ("no_system", "starchat"),
        ("LLaMA 2", "llama-2"),
        ("mistral", "mistral-v3"),
    ],
)
def test_an_alias_is_the_family(alias: str, name: str) -> None:
    """Other spellings and the registry names of StarChat's code find the family."""
    assert get_template(alias) is get_template(name)


def test_an_unknown_name_shows_the_nearest() -> None:
    """A misspelt name is refused with the names that were probably meant."""
    with pytest.raises(TemplateError, match=r"no template 'zefyr': did you mean 'zephyr'"):
        get_template("zefyr")


def test_a_name_like_no_other_points_to_the_list() -> None:
    """A name near nothing is refused with the way to all names."""
    with pytest.raises(TemplateError, match="list_templates"):
        get_template("§§§§")


@pytest.mark.parametrize("name", ["HuggingFaceH4/zephyr-7b-beta", "my_template.json"])
def test_a_model_or_a_file_is_no_name_of_a_family(name: str) -> None:
    """What takes it is named."""
    with pytest.raises(TemplateError, match="template_for takes a model's name, .*load a file"):
        get_template(name)


def test_gemma_refuses_a_system_text() -> None:
    """A family without a system role says so instead of dropping the text."""
    with pytest.raises(TemplateError, match="'gemma' has no system role"):
        get_template("gemma").get_inference_prompt(CONVERSATION)


def test_a_default_system_text_is_used_when_none_is_given() -> None:
    """Families whose template writes a system text of its own do so here."""
    prompt = get_template("qwen-2.5").get_inference_prompt("Hi")
    assert prompt.startswith("<|im_start|>system\nYou are Qwen, created by Alibaba Cloud.")


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("HuggingFaceH4/starchat-beta", "starchat"),
        ("HuggingFaceH4/zephyr-7b-beta", "zephyr"),
        ("stabilityai/stablelm-zephyr-3b", "stablelm-zephyr"),
        ("meta-llama/Meta-Llama-3-8B-Instruct", "llama-3"),
        ("meta-llama/Llama-3.1-8B-Instruct", "llama-3.1"),
        ("NousResearch/Hermes-2-Pro-Llama-3-8B", "chatml"),
        ("mistralai/Mistral-7B-Instruct-v0.2", "mistral-v1"),
        ("mistralai/Mistral-7B-Instruct-v0.3", "mistral-v3"),
        ("google/gemma-3-1b-it", "gemma-3"),
        ("Qwen/Qwen2.5-7B-Instruct", "qwen-2.5"),
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2"),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "deepseek-r1"),
        ("ibm-granite/granite-8b-code-instruct", "granite-code"),
    ],
)
def test_a_model_finds_its_family(model: str, family: str) -> None:
    """The name of a well-known model leads to its family."""
    assert template_for(model).name == family


def test_every_model_pattern_leads_to_a_family() -> None:
    """No alias and no pattern points to a family that does not exist."""
    from chatadapters.templates.families.aliases import ALIASES, MODELS

    known = set(list_templates())
    assert {*ALIASES.values(), *(family for _, family in MODELS)} <= known
    assert not known & ALIASES.keys()


def test_an_unknown_model_is_not_guessed() -> None:
    """A name that tells nothing is refused, with the way that always works."""
    with pytest.raises(TemplateError, match="from_pretrained"):
        template_for("acme/secret-model")
