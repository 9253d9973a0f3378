"""A batch of prompts over processes that a predict is sent to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tests.environments import ROOT
from tests.scale_out.parrots import Parrots, answers, parrots, prompts

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = ROOT / "examples" / "scale_out" / "pool.py"
KEY = "sk-not-to-be-seen-anywhere"


@pytest.fixture
def server() -> Iterator[tuple[Parrots, str]]:
    """Give a server that repeats what it is told, and its address."""
    with parrots() as running:
        yield running


def start(*arguments: Any) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OPENAI_API_KEY": KEY}
    command = [sys.executable, str(EXAMPLE), *map(str, arguments)]
    return subprocess.Popen(
        command, env=env, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def wait_for(count: int, found: Path, process: subprocess.Popen[str]) -> None:
    while not found.exists() or found.read_text().count("\n") < count:
        assert process.poll() is None
        time.sleep(0.02)


def workers(process: subprocess.Popen[str]) -> list[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [pid for pid in map(int, children) if b"spawn_main" in _command(pid)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def test_every_prompt_is_answered(server: tuple[Parrots, str], tmp_path: Path) -> None:
    """Each prompt has its own answer, what failed at first was tried again, progress is told."""
    app, url = server
    asked, found = prompts(tmp_path, 12), tmp_path / "answers.jsonl"
    process = start(asked, found, "--backend", "openai:parrot", "--base-url", url)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 0, said
    assert {key: row["text"] for key, row in answers(found).items()} == {
        f"k{number}": f"say {number}" for number in range(12)
    }
    assert [row["attempts"] for row in answers(found).values()].count(2) == 4
    assert "12 of 12 done, 0 failed" in said
    assert app.keys == {f"Bearer {KEY}"}


def test_killed_and_started_again(server: tuple[Parrots, str], tmp_path: Path) -> None:
    """Killed in the middle, its processes end too; started again, each prompt is answered once."""
    app, url = server
    asked, found = prompts(tmp_path, 60), tmp_path / "answers.jsonl"
    arguments = (asked, found, "--backend", "openai:parrot", "--base-url", url, "--at-once", 2)
    process = start(*arguments)
    wait_for(8, found, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()  # returns when no process of it holds its standard error any more
    httpx2.get(f"{url}/models")  # what they asked last has been read when this is answered
    done = answers(found)
    assert 8 <= len(done) < 60
    with found.open("a") as file:
        file.write('{"key": "k59", "pro')  # as a write that was cut off
    app.asked.clear()
    process = start(*arguments)
    said = process.communicate(timeout=90)[1]
    assert process.returncode == 0, said
    assert {key: row["text"] for key, row in answers(found).items()} == {
        f"k{number}": f"say {number}" for number in range(60)
    }
    assert sorted(app.asked) == sorted(f"say {n}" for n in range(60) if f"k{n}" not in done)


def test_interrupted(server: tuple[Parrots, str], tmp_path: Path) -> None:
    """Ctrl-C, which all processes get, ends them at once; what has no answer yet is not asked."""
    app, url = server
    asked, found = prompts(tmp_path, 200), tmp_path / "answers.jsonl"
    process = start(asked, found, "--backend", "openai:parrot", "--base-url", url, "--at-once", 2)
    wait_for(8, found, process)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "interrupted; run it again to go on" in said
    assert "Traceback" not in said
    assert len(answers(found)) < len(app.asked) + 1 < 100


def test_interrupted_while_they_begin(server: tuple[Parrots, str], tmp_path: Path) -> None:
    """A Ctrl-C is for the process that started them: they are deaf to it from their beginning."""
    asked, found = prompts(tmp_path, 4), tmp_path / "answers.jsonl"
    process = start(asked, found, "--backend", "openai:parrot", "--base-url", server[1])
    while not (begun := workers(process)):
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(begun[0], signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 0, said
    assert "Traceback" not in said


def test_a_process_that_is_killed(server: tuple[Parrots, str], tmp_path: Path) -> None:
    """What a process that ran out of memory had under way is answered by others."""
    asked, found = prompts(tmp_path, 60), tmp_path / "answers.jsonl"
    process = start(asked, found, "--backend", "openai:parrot", "--base-url", server[1])
    wait_for(8, found, process)
    os.kill(workers(process)[0], signal.SIGKILL)
    said = process.communicate(timeout=90)[1]
    assert process.returncode == 0, said
    assert {key: row["text"] for key, row in answers(found).items()} == {
        f"k{number}": f"say {number}" for number in range(60)
    }


def test_processes_that_cannot_begin(server: tuple[Parrots, str], tmp_path: Path) -> None:
    """When all of them die before any answers, the batch ends and says so."""
    asked, found = prompts(tmp_path, 4), tmp_path / "answers.jsonl"
    process = start(asked, found, "--backend", "openai:parrot", "--base-url", server[1])
    while not workers(process):
        assert process.poll() is None
        time.sleep(0.01)
    while process.poll() is None:
        for pid in workers(process):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    assert "processes died (out of memory?)" in process.communicate()[1]
    assert process.returncode == 1
    assert found.read_text() == ""


def test_one_prompt_that_fails(server: tuple[Parrots, str], tmp_path: Path) -> None:
    """It is told, and the others of its group are answered."""
    asked, found = prompts(tmp_path, 11), tmp_path / "answers.jsonl"
    with asked.open("a") as file:
        file.write(json.dumps({"key": "bad", "prompt": "never say 1"}) + "\n")
    process = start(asked, found, "--backend", "openai:parrot", "--base-url", server[1])
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "12 of 12 done, 1 failed" in said
    assert "bad: BadRequestError" in said
    assert answers(found).keys() == {f"k{number}" for number in range(11)}


def test_what_fails_for_good(server: tuple[Parrots, str], tmp_path: Path) -> None:
    """A prompt that cannot be answered is told, not kept, and asked again by the next run."""
    asked, found = prompts(tmp_path, 2), tmp_path / "answers.jsonl"
    process = start(asked, found, "--backend", "openai:nobody", "--base-url", server[1])
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "2 of 2 done, 2 failed" in said
    assert "k1: NotFoundError" in said
    assert KEY not in said
    assert found.read_text() == ""
    process = start(asked, found, "--backend", "openai:parrot", "--base-url", server[1])
    assert "2 of 2 done, 0 failed" in process.communicate(timeout=60)[1]


def test_the_embedded_model(tmp_path: Path) -> None:
    """By default the embedded model answers, one in each process."""
    asked, found = tmp_path / "prompts.jsonl", tmp_path / "answers.jsonl"
    question = "What is the capital of France? Answer in one sentence."
    asked.write_text(json.dumps({"key": "a", "prompt": question}) + "\n")
    process = start(asked, found, "--workers", 1, "--temperature", 0)
    said = process.communicate(timeout=100)[1]
    assert process.returncode == 0, said
    assert "Paris" in answers(found)["a"]["text"]
