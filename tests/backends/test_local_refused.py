"""What the local backend refuses before llama.cpp hangs, ends the process or looks away."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from chatadapters import _weights, local_predict
from chatadapters._errors import OptionError

if TYPE_CHECKING:
    from pathlib import Path

TOOL = {"type": "function", "function": {"name": "add"}}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *(("n_parallel", wrong) for wrong in (0, -1, 257, 10**12, True, "2", 1.5, None)),
        *(("n_threads", wrong) for wrong in (0, -1, 513, 10**12, True, "2", 1.5)),
        *(("n_ctx", wrong) for wrong in (1, -1, 2**31, True, "512", 512.5, None)),
        *(("model", wrong) for wrong in (5, None, b"smollm2")),
    ],
)
def test_a_number_that_llama_cpp_cannot_have(name: str, wrong: Any) -> None:
    """It is named when the predict is made: 0 at once hung for ever, 10**6 ended the process."""
    with pytest.raises(OptionError, match=f"{name}={wrong!r}: give"):
        local_predict(**{name: wrong})


def test_the_context_is_counted_for_all_conversations() -> None:
    """What one may have at most depends on how many there are."""
    local_predict(n_ctx=2**31 - 1, n_parallel=1)
    with pytest.raises(OptionError, match="give 2 to 1073741823 tokens"):
        local_predict(n_ctx=2**31 - 1, n_parallel=2)


@pytest.mark.parametrize(
    ("tools", "words"),
    [
        ("add", "tools='add': give a list"),
        ([{}], r"tools\[0\]=\{\}: give \{'type': 'function'"),
        ([TOOL, {"type": "function"}], r"tools\[1\]="),
        ([TOOL, {"type": "function", "function": {"name": 5}}], r"tools\[1\]=.*5"),
        ([TOOL, 5], r"tools\[1\]=5"),
    ],
)
def test_a_tool_of_another_form_is_named(tools: Any, words: str) -> None:
    """llama.cpp calls it an internal error, which would be tried four times."""
    with pytest.raises(OptionError, match=words):
        local_predict(tools=tools).build("Hi")
    local_predict(tools=[TOOL]).build("Hi")


@pytest.mark.parametrize(("name", "wrong"), [("response_format", "json"), ("grammar", 5)])
def test_a_form_that_would_be_ignored_is_refused(name: str, wrong: Any) -> None:
    """The reply would not have the form that was asked for."""
    with pytest.raises(OptionError, match=f"{name}={wrong!r}: give"):
        local_predict(**{name: wrong}).build("Hi")


@pytest.mark.parametrize("wrong", ["deep", "", 5, ["none"]])
def test_an_unknown_reasoning_format_is_refused(wrong: Any) -> None:
    """llama.cpp calls it an internal error, which was tried four times."""
    with pytest.raises(OptionError, match=r"reasoning_format=.*: give one of \('none', 'auto',"):
        local_predict(reasoning_format=wrong).build("Hi")


@pytest.mark.parametrize("form", ["none", "auto", "deepseek", "deepseek-legacy"])
def test_the_reasoning_formats_are_known(form: str) -> None:
    """Each that we name is one to llama.cpp."""
    with closing(local_predict(reasoning_format=form, n_ctx=256, max_tokens=2)) as predict:
        assert predict.complete("Hi").text


@pytest.mark.parametrize("n_ctx", [8193, 10**9])
def test_more_context_than_the_model_was_trained_for(n_ctx: int) -> None:
    """llama.cpp takes the memory and gives a conversation no more than the model knows."""
    with pytest.raises(OptionError, match=rf"n_ctx={n_ctx}: .* trained for 8192 tokens"):
        local_predict(n_ctx=n_ctx, n_parallel=1).complete("Hi")


def test_a_path_that_is_no_file(tmp_path: Path) -> None:
    """A folder is called one, with the files in it, and a path that cannot be one is no crash."""
    with pytest.raises(OptionError, match="that is a folder; give the path of a GGUF file in it$"):
        _weights.find_weights(str(tmp_path))
    (tmp_path / "b.gguf").touch()
    with pytest.raises(OptionError, match=r"in it, such as 'b\.gguf'"):
        _weights.find_weights(str(tmp_path))
    with pytest.raises(OptionError, match="no such file"):
        _weights.find_weights("a\0b")


def test_a_file_that_was_cut_off(tmp_path: Path) -> None:
    """The error says how long it is, and asks whether it is whole."""
    whole = _weights.find_weights("smollm2").read_bytes()
    (tmp_path / "half.gguf").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(OptionError, match=r"half\.gguf \([\d,]+ bytes\).*Is the file whole"):
        local_predict(str(tmp_path / "half.gguf"), n_ctx=256).complete("Hi")
