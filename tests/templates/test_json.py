"""Templates written to files and read back, in both formats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatadapters import ChatAdaptersError
from chatadapters.templates import DialogueTemplate, get_template

ORIGINAL = {
    "system": "SYS",
    "messages": [{"role": "user", "content": "Hi"}],
    "system_token": "<|system|>",
    "user_token": "<|user|>",
    "assistant_token": "<|assistant|>",
    "end_token": "<|end|>",
}


def test_an_original_file_is_read_and_written_alike(tmp_path: Path) -> None:
    """`dialogue_template.json` of the training code comes back field by field."""
    (tmp_path / "dialogue_template.json").write_text(json.dumps(ORIGINAL, indent=2))
    template = DialogueTemplate.load(tmp_path / "dialogue_template.json")
    assert template == DialogueTemplate("SYS", [{"role": "user", "content": "Hi"}])
    template.save_pretrained(tmp_path / "model")
    written = (tmp_path / "model" / "dialogue_template.json").read_text()
    assert json.loads(written) == ORIGINAL


def test_missing_original_fields_have_their_defaults() -> None:
    """Fields that an old file lacks are StarChat's, and unknown ones are ignored."""
    template = DialogueTemplate.from_json('{"system": "S", "_commit": 1}')
    assert template == DialogueTemplate("S")


def test_any_template_survives_a_file(tmp_path: Path) -> None:
    """A layout of another shape is written with a version, messages included."""
    layout = get_template("llama-2").layout
    template = DialogueTemplate("S", "Hi é", layout=layout)
    template.save(tmp_path / "t.json")
    assert json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))["version"] == 1
    assert DialogueTemplate.load(tmp_path / "t.json") == template


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", "no JSON object"),
        ("{}", "no dialogue template"),
        ("{", "no JSON"),
        ('{"system": ' + "[" * 9999, "nested too deep"),
        ('{"version": 99}', "version 99"),
        ('{"version": 1, "layout": []}', "layout must be an object"),
        ('{"version": 1, "layout": {"usr": "x"}}', "unknown fields in the template: usr"),
        ('{"version": 1, "layout": {"user": ["a", "b"]}}', "not complete"),
        ('{"version": 1, "lay": 1, "layout": {}}', "unknown fields in the template: lay"),
        ('{"system": 5}', "system=5"),
        ('{"system": "", "messages": [5]}', "5"),
    ],
)
def test_what_is_no_template_is_refused(text: str, problem: str) -> None:
    """A file that is no template says what is wrong with it."""
    with pytest.raises(ChatAdaptersError, match=problem):
        DialogueTemplate.from_json(text)


@pytest.mark.parametrize(
    ("data", "problem"), [(b"\xff\xfe{}", "utf-8"), (b"[" * 9999, "nested too deep")]
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, data: bytes, problem: str) -> None:
    """So is a tokenizer configuration."""
    file = tmp_path / "tokenizer_config.json"
    file.write_bytes(data)
    for read, path in (DialogueTemplate.load, file), (DialogueTemplate.from_pretrained, tmp_path):
        with pytest.raises(ChatAdaptersError, match=f"tokenizer_config.json.*{problem}"):
            read(str(path))
