"""A batch over Ray Data and OpenAI's API on Ray Serve, on a real Ray in its own environment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import openai
import pytest

from chatadapters import openai_predict
from tests.apps import free_port
from tests.environments import ROOT, environment
from tests.scale_out.parrots import Parrots, answers, parrots, prompts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.ray, pytest.mark.timeout(900)]
EXAMPLES = ROOT / "examples" / "scale_out"
PINS = Path(__file__).parent / "pins" / "ray.txt"
HOST = "127.0.0.2"  # loopback; Ray puts the machine's own address in the place of 127.0.0.1
KEY = "sk-not-to-be-seen-anywhere"


class Ray:
    """A Ray on this machine, which listens on loopback."""

    def __init__(self, folder: Path) -> None:
        self.port, self.output = free_port(), (folder / "output").open("w+")
        self.started: list[subprocess.Popen[str]] = []
        self.env = {
            **os.environ,
            "OPENAI_API_KEY": KEY,
            "PYTHONPATH": str(ROOT),
            "RAY_ADDRESS": f"{HOST}:{self.port}",
            "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # the environment is not that of `uv run`
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
        }

    def begin(self, folder: Path) -> None:
        node = ("--head", "--block", f"--node-ip-address={HOST}", f"--port={self.port}")
        size = ("--num-cpus=4", "--object-store-memory=100000000", "--include-dashboard=false")
        place = f"--temp-dir={folder / 'ray'}"
        for _ in range(4):  # it gives up when it is not there after 30 s, as on a busy machine
            self.process = self.start("ray", "start", *node, *size, place, "--disable-usage-stats")
            while self.process.poll() is None:
                if "Ray runtime started" in self.said():
                    return
                time.sleep(0.1)
        raise AssertionError(self.said())

    def start(self, command: str, *arguments: Any) -> subprocess.Popen[str]:
        at = environment(PINS) / "bin" / command
        started = subprocess.Popen(
            [at, *map(str, arguments)],
            cwd=EXAMPLES,
            env={**self.env, "PATH": f"{at.parent}:{os.environ['PATH']}"},
            stdout=self.output,
            stderr=self.output,
            text=True,
        )
        self.started.append(started)
        return started

    def stop(self) -> None:
        for process in self.started:
            if process is not self.process:
                process.kill()
                process.wait()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.output.close()

    def wait(self, happened: Callable[[], bool]) -> None:
        for _ in range(1200):
            if happened():
                return
            assert self.process.poll() is None, self.said()
            time.sleep(0.1)
        raise AssertionError(self.said())

    def said(self) -> str:
        self.output.flush()
        return Path(self.output.name).read_text()


@pytest.fixture(scope="module")
def ray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ray]:
    """Give a Ray that all tests share."""
    folder = tmp_path_factory.mktemp("r")
    running = Ray(folder)
    try:
        running.begin(folder)
        yield running
    finally:
        running.stop()


@pytest.fixture
def server() -> Iterator[tuple[Parrots, str]]:
    """Give a server that repeats what it is told, and its address."""
    with parrots() as running:
        yield running


def test_a_batch_killed_and_started_again(
    ray: Ray, server: tuple[Parrots, str], tmp_path: Path
) -> None:
    """Killed in the middle and started again, each prompt is answered once, by its own answer."""
    app, url = server
    asked, found = prompts(tmp_path, 60), tmp_path / "answers.jsonl"
    arguments = ("ray_data.py", asked, found, "--backend", "openai:parrot", "--base-url", url)
    process = ray.start("python", *arguments, "--at-once", 2)
    ray.wait(lambda: process.poll() is not None or _lines(found) >= 8)
    assert process.poll() is None, ray.said()
    process.kill()
    process.wait()
    done = answers(found)
    assert 8 <= len(done) < 60
    app.asked.clear()
    process = ray.start("python", *arguments, "--at-once", 2)
    assert process.wait(120) == 0, ray.said()
    assert {key: row["text"] for key, row in answers(found).items()} == {
        f"k{number}": f"say {number}" for number in range(60)
    }
    assert not {*app.asked} & {f"say {key[1:]}" for key in done}
    assert max(row["attempts"] for row in answers(found).values()) == 2
    assert app.keys == {f"Bearer {KEY}"}
    assert f"{60 - len(done)} of {60 - len(done)} done, 0 failed" in ray.said()
    assert KEY not in ray.said()


def test_an_actor_that_is_killed(ray: Ray, server: tuple[Parrots, str], tmp_path: Path) -> None:
    """Others answer what it had under way; a prompt that fails fails alone."""
    asked, found = prompts(tmp_path, 40), tmp_path / "answers.jsonl"
    with asked.open("a") as file:
        file.write(json.dumps({"key": "bad", "prompt": "never say 1"}) + "\n")
        file.write(json.dumps({"key": "half", "prompt": "half a pair \ud83d 1"}) + "\n")
    arguments = ("ray_data.py", asked, found, "--backend", "openai:parrot", "--base-url", server[1])
    process = ray.start("python", *arguments, "--at-once", 2)
    ray.wait(lambda: process.poll() is not None or _lines(found) >= 8)
    os.kill(_actor(), signal.SIGKILL)
    assert process.wait(120) == 1, ray.said()
    assert "bad: BadRequestError" in ray.said()
    assert "42 of 42 done, 1 failed" in ray.said()
    assert answers(found).keys() == {f"k{number}" for number in range(40)} | {"half"}


def _actor() -> int:
    """Give the process of an actor of the batch, which Ray names after its class."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if file.read_bytes().startswith(b"ray::MapWorker"):
                return int(file.parent.name)
    raise AssertionError("no actor")


def _lines(file: Path) -> int:
    return file.read_text().count("\n") if file.exists() else 0


def test_serve(ray: Ray) -> None:
    """The app runs as a deployment: the official client and a predict stream from it."""
    port = free_port()
    config = ray.start("python", "-c", SERVE.format(port=port))
    ray.wait(lambda: config.poll() is not None or _healthy(port))
    assert _healthy(port), ray.said()
    url = f"http://127.0.0.1:{port}/v1"
    question = "What is the capital of France? Answer in one sentence."
    with openai.OpenAI(base_url=url, api_key="none") as client:
        assert [model.id for model in client.models.list()] == ["smollm2"]
        stream = client.chat.completions.create(
            model="smollm2", messages=[{"role": "user", "content": question}], stream=True
        )
        parts = [chunk.choices[0].delta.content for chunk in stream if chunk.choices]
    assert len(parts) > 3
    assert "Paris" in "".join(part for part in parts if part)
    predict = openai_predict("smollm2", base_url=url, api_key="none")
    texts = [*predict(question)]
    assert "Paris" in texts[-1]
    predict.close()
    config.wait(60)


SERVE = """
from ray import serve
from ray_serve import app
serve.start(http_options={{"host": "127.0.0.1", "port": {port}}})
serve.run(app)
"""


def _healthy(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/v1/models") as answer:
            return bool(json.load(answer))
    except OSError:
        return False
