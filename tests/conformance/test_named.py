"""Named families write what the models' own Jinja templates write."""

from __future__ import annotations

import json

import pytest

from chatadapters import Message, TemplateError
from chatadapters.templates import get_template

from .corpora import TEMPLATES
from .oracle import oracle

# Where a model's own template lies: a file of llama.cpp, or a case of its or of TGI's tests.
MODELS = {
    "chatml": "teknium/OpenHermes-2.5-Mistral-7B",
    "chatglm-3": "ChatGLM3",
    "codellama-70b": "codellama/CodeLlama-70b-Instruct-hf",
    "deepseek-2": "DeepSeek-V2",
    "deepseek-3.1": "deepseek-ai-DeepSeek-V3.1.jinja",
    "deepseek-coder": "deepseek-ai/deepseek-coder-33b-instruct",
    "gemma": "google-gemma-2-2b-it.jinja",
    "gemma-4": "google-gemma-4-31B-it.jinja",
    "glm-4": "ChatGLM4",
    "glm-4.6": "GLM-4.6.jinja",
    "glm-edge": "GLMEdge",
    "granite-3": "ibm-granite/granite-3.0-8b-instruct",
    "granite-4": "ibm-granite-granite-4.0.jinja",
    "h2o-danube": "h2oai/h2o-danube-1.8b-chat",
    "kimi-k2": "Kimi-K2-Instruct.jinja",
    "ling": "inclusionAI/Ling-lite",
    "llama-2": "llama",
    "llama-3": "Llama-3",
    "llama-3.1": "meta-llama-Llama-3.1-8B-Instruct.jinja",
    "megrez": "Infinigence/Megrez-3B-Instruct",
    "minimax-m2": "MiniMax-M2.jinja",
    "mistral-v3-tekken": "mistralai-Mistral-Nemo-Instruct-2407.jinja",
    "mistral-v7": "mistralai/Mistral-Large-Instruct-2411 (mistralai 'v7' template)",
    "openchat": "openchat/openchat-3.5-0106",
    "orion": "OrionStarAI/Orion-14B-Chat",
    "phi-4": "phi-4",
    "qwen-2.5": "Qwen-Qwen2.5-7B-Instruct.jinja",
    "qwen-3": "Qwen-Qwen3-0.6B.jinja",
    "seed-oss": "ByteDance-Seed-OSS.jinja",
    "vicuna-lines": "eachadea/vicuna-13b-1.1",
    "vicuna-orca": "Orca-Vicuna",
}
TURNS = [Message("user", " U1\n"), Message("assistant", "A1 "), Message("user", "U2")]
CONVERSATIONS = [TURNS[:1], TURNS, [Message("system", "S"), *TURNS]]
CASES = {
    case["name"]: case["template"]
    for corpus in ("tgi", "llama.cpp")
    for case in json.loads((TEMPLATES / corpus / "cases.json").read_text("utf-8"))
}


@pytest.mark.parametrize("name", MODELS)
def test_a_family_writes_what_its_models_template_writes(name: str) -> None:
    """With and without system text, trimmed or not, the prompt is Jinja's."""
    model, template = MODELS[name], get_template(name)
    if model.endswith(".jinja"):
        source = (TEMPLATES / "llama.cpp/templates" / model).read_text("utf-8")
    else:
        source = CASES[model]
    for turns in CONVERSATIONS:
        bos = template.layout.bos
        expected = oracle(source, turns, bos, template.stop[0], generation=True)
        # Some templates leave the beginning token to the tokenizer.
        with_bos = expected is not None and expected.startswith(bos)
        try:
            written = template.get_inference_prompt(turns, bos=with_bos)
        except TemplateError:
            written = None
        assert written == expected
