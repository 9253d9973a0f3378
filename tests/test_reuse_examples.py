from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest
from websockets.sync.client import connect

from tests.apps import App, app, computed, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.client import HTTPResponse

APPS = Path(__file__).parent.parent / "examples" / "apps"
QUESTION = "What is the capital of France? Answer in one sentence."


@pytest.fixture(scope="module")
def served() -> Iterator[App]:
    port = free_port()
    command = ["-m", "uvicorn", "fastapi_app:app", f"--app-dir={APPS}", f"--port={port}"]
    with app(command, port=port, path="/docs") as running:
        yield running


def post(served: App, message: str, history: list[dict[str, str]] | None = None) -> HTTPResponse:
    body = json.dumps({"message": message, "history": history or []}).encode()
    headers = {"Content-Type": "application/json"}
    answer: HTTPResponse = urlopen(Request(f"{served.url}/chat", body, headers), timeout=60)
    return answer


def test_fastapi_sends_events(served: App) -> None:
    """Each event has what is new, and the history is part of the question."""
    told = [{"role": "user", "content": QUESTION}]
    told += [{"role": "assistant", "content": "The capital of France is Paris."}]
    again = "Which city did you just name? Answer with its name."
    for message, history, wanted in ((QUESTION, [], "Paris"), (again, told, "Paris")):
        with post(served, message, history) as answer:
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            *events, last = [line[6:] for line in answer.read().split(b"\n\n") if line]
        assert last == b"[DONE]"
        deltas = [json.loads(event)["delta"] for event in events]
        assert len(deltas) > 1
        assert wanted in "".join(deltas)


def test_a_client_that_leaves_ends_the_work(served: App) -> None:
    """After a client has left, the model computes no more."""
    with post(served, "Write a very long story about a dragon and a princess.") as answer:
        answer.read(40)
    time.sleep(1)
    before = computed(served.pid)
    time.sleep(1)
    assert computed(served.pid) - before < 0.5


def test_fastapi_talks_by_websocket(served: App) -> None:
    """A connection is a conversation."""
    with connect(f"ws{served.url.removeprefix('http')}/talk") as socket:

        def say(message: str) -> list[dict[str, Any]]:
            socket.send(message)
            pieces = [json.loads(socket.recv(60))]
            while pieces[-1] != {"done": True}:
                pieces.append(json.loads(socket.recv(60)))
            return pieces[:-1]

        deltas = say(QUESTION)
        assert len(deltas) > 1
        assert "Paris" in "".join(piece["delta"] for piece in deltas)
        said = "".join(piece["delta"] for piece in say("What is it famous for?"))
    assert any(word in said for word in ("Paris", "Eiffel", "Louvre"))


def test_what_failed_is_no_part_of_the_conversation(served: App) -> None:
    """It is told, and the next message is answered as if it were the first."""
    with connect(f"ws{served.url.removeprefix('http')}/talk") as socket:
        socket.send("Hello! " * 10_000)  # more than the model can read
        assert "error" in json.loads(socket.recv(60))
        assert json.loads(socket.recv(60)) == {"done": True}
        socket.send(QUESTION)
        pieces = [json.loads(socket.recv(60))]
        while pieces[-1] != {"done": True}:
            pieces.append(json.loads(socket.recv(60)))
        assert "Paris" in "".join(piece["delta"] for piece in pieces[:-1])


def test_the_bot_keeps_channels_apart() -> None:
    """Each event is answered in its channel, in order, with what was said there."""
    events = [
        f"france: {QUESTION}",
        "italy: What is the capital of Italy? Answer in one sentence.",
        "no event",
        "france: Which city did you just name? Answer with its name.",
    ]
    done = subprocess.run(
        [sys.executable, APPS / "bot.py"],
        input="\n".join(events),
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    france = [line for line in done.stdout.splitlines() if line.startswith("france> ")]
    italy = [line for line in done.stdout.splitlines() if line.startswith("italy> ")]
    assert len(france) == 2
    assert all("Paris" in line for line in france)
    assert len(italy) == 1
    assert "Rome" in italy[0]


def test_the_batch_goes_on_where_it_was(tmp_path: Path) -> None:
    """What is answered is not asked again; the bar counts all of it."""
    asked = tmp_path / "questions.csv"
    answers = tmp_path / "questions.answers.csv"
    asked.write_text(f"question\nIs this answered?\n{QUESTION}\n")
    answers.write_text("question,answer,error\nIs this answered?,It is.,\n")
    command = [sys.executable, str(APPS / "batch.py"), str(asked)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    assert "2/2" in done.stderr
    first, second = rows(answers)
    assert first == {"question": "Is this answered?", "answer": "It is.", "error": ""}
    assert "Paris" in second["answer"]
    subprocess.run(command, capture_output=True, timeout=100, check=True)
    assert len(rows(answers)) == 2


@pytest.mark.parametrize("cut", ["Wh", 'What?,"It', "What?,,Error: bu", "What?,It is\r"])
def test_a_batch_that_was_killed_in_a_row(cut: str, tmp_path: Path) -> None:
    """A row that was cut is asked again, one that failed too, and none is there twice."""
    asked = tmp_path / "questions.csv"
    answers = tmp_path / "questions.answers.csv"
    asked.write_text("question\nDone?\nWhat?\nWhat?\nFailed?\n", encoding="utf-8-sig")
    head = "question,answer,error\r\nFailed?,,Error: busy\r\nDone?,Yes.,\r\n"
    answers.write_text(head + cut, newline="")
    command = [sys.executable, str(APPS / "batch.py"), str(asked)]
    subprocess.run(command, capture_output=True, timeout=100, check=True)
    found = rows(answers)
    assert [row["question"] for row in found] == ["Done?", "What?", "Failed?"]
    assert all(row["answer"] and not row["error"] for row in found)
    assert found[0]["answer"] == "Yes."


def test_a_batch_that_cannot_begin(tmp_path: Path) -> None:
    """No file, no column and no argument are told in a line."""
    (tmp_path / "other.csv").write_text("prompt\nHi\n")
    for words, said in (
        (["missing.csv"], "No such file"),
        (["other.csv"], "'question'"),
        ([], "usage: python batch.py questions.csv"),
    ):
        command = [sys.executable, APPS / "batch.py", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_ctrl_c_ends_the_bot() -> None:
    """It does so at once, though the next event has not come."""
    command = [sys.executable, APPS / "bot.py"]
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, text=True, **pipes) as bot:
        print("france: Hello", file=bot.stdin, flush=True)
        assert bot.stdout.readline().startswith("france> ")
        bot.send_signal(signal.SIGINT)
        assert bot.wait(30) == 0
        assert bot.stderr.read() == ""


def test_the_bot_ends_where_its_input_is_closed() -> None:
    """There are no events then."""
    line = ["sh", "-c", 'exec "$@" <&-', "sh", sys.executable, APPS / "bot.py"]
    done = subprocess.run(line, capture_output=True, timeout=100, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
