"""The files of a batch: what is read, what is refused, and what a killed run leaves."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.environments import ROOT

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from types import ModuleType

PROMPTS = [{"key": f"k{number}", "prompt": f"say {number}"} for number in range(3)]


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Give the example's module."""
    monkeypatch.syspath_prepend(ROOT / "examples" / "scale_out")
    return importlib.import_module("rows")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Give a file of prompts, and where the answers go."""
    asked = tmp_path / "prompts.jsonl"
    asked.write_text("".join(json.dumps(row) + "\n" for row in PROMPTS))
    return asked, tmp_path / "answers.jsonl"


def repeat(rows: list[dict[str, Any]]) -> Generator[dict[str, Any]]:
    yield from ({**row, "text": row["prompt"]} for row in rows)


def never(rows: list[dict[str, Any]]) -> Generator[dict[str, Any]]:
    raise AssertionError("nothing should be asked")
    yield {}


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def test_any_text_is_a_prompt(rows: ModuleType, files: tuple[Path, Path]) -> None:
    """Line ends of Unicode, a mark of the byte order, CRLF and a last line without an end."""
    asked, found = files
    wanted = {"é": "a\u2028b\x85c \U0001f600", "b": "twice", "c": "twice"}
    lines = [json.dumps({"key": k, "prompt": p}, ensure_ascii=False) for k, p in wanted.items()]
    asked.write_text("\r\n".join(lines), encoding="utf-8-sig", newline="")
    assert rows.run(asked, found, repeat) == 0
    assert {row["key"]: row["text"] for row in read(found)} == wanted
    assert rows.run(asked, found, repeat) == 0
    assert len(read(found)) == 3


def test_a_cut_line_wherever_it_was_cut(rows: ModuleType, files: tuple[Path, Path]) -> None:
    """Whatever was written of the last line, each prompt has one answer after the next run."""
    asked, found = files
    lines = [json.dumps(row).encode() + b"\n" for row in repeat(PROMPTS)]
    for end in range(len(lines[1]) + 1):
        found.write_bytes(lines[0] + lines[1][:end])
        assert rows.run(asked, found, repeat) == 0
        assert found.read_bytes() == b"".join(lines)


@pytest.mark.parametrize(
    "text",
    ["not JSON", '{"key": "k0", "text": "an answer"}', '{"key": 1, "prompt": "x"}', "[1]", "\xff"],
)
def test_a_line_that_is_no_prompt(
    text: str, rows: ModuleType, files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The line is shown with what it should be, and nothing is asked or written."""
    asked, found = files
    asked.write_bytes(text.encode("latin-1"))
    assert rows.run(asked, found, never) == 1
    assert f'{asked}: want {{"key": "...", "prompt": "..."}}, got ' in capsys.readouterr().err
    assert not found.exists()


def test_two_prompts_of_one_key(
    rows: ModuleType, files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Which of them was answered could not be said."""
    asked, found = files
    asked.write_text(asked.read_text() * 2)
    assert rows.run(asked, found, never) == 1
    assert "two prompts have the key 'k0'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        '{"key": "k9", "prompt": "say 9", "text": "9"}\n',
        '{"key": "k0", "prompt": "say something else", "text": "0"}\n',
        '{"key": "k1", "prompt": "say 1", "text": "1"}\nMy diary, without an end of its line',
    ],
)
def test_another_file_is_not_written_to(
    text: str, rows: ModuleType, files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Answers to other prompts, and what are no answers, are left as they are."""
    asked, found = files
    found.write_text(text)
    assert rows.run(asked, found, never) == 1
    assert str(found) in capsys.readouterr().err
    assert found.read_text() == text


def test_one_run_at_a_time(
    rows: ModuleType, files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A second run on the same answers asks nothing."""
    asked, found = files

    def meanwhile(left: list[dict[str, Any]]) -> Generator[dict[str, Any]]:
        assert rows.run(asked, found, never) == 1
        yield from repeat(left)

    assert rows.run(asked, found, meanwhile) == 0
    assert f"another run writes to {found}" in capsys.readouterr().err
    assert [row["key"] for row in read(found)] == ["k0", "k1", "k2"]


def test_no_prompts(rows: ModuleType, files: tuple[Path, Path]) -> None:
    """An empty file is a batch that is done; one that is not there is an error."""
    asked, found = files
    asked.write_text("\n")
    assert rows.run(asked, found, repeat) == 0
    asked.unlink()
    assert rows.run(asked, found, never) == 1
