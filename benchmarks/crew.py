"""The processes that run the clients, each in its own environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from tests.environments import ROOT, environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.clients import Client

PINS = Path(__file__).parent / "pins"


def python(pins: str) -> str:
    """Give the interpreter of an environment, made if it is not there; this one without a name."""
    if not pins:
        return sys.executable
    return str(environment(PINS / f"{pins}.txt") / "bin" / "python")


def environ() -> dict[str, str]:
    """Give the variables of a client's process: it finds this repository, and stays at home."""
    kept = {key: os.environ[key] for key in ("HOME", "PATH", "LANG", "TMPDIR") if key in os.environ}
    quiet = {
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "OPENAI_API_KEY": "none",
    }
    return {**kept, **quiet, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}


class Worker:
    """A process that runs one client."""

    def __init__(self, client: Client) -> None:
        self.client = client
        growing = "growing" if client.growing else "deltas"
        loop = "uvloop" if client.uvloop else "asyncio"
        self._said = TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - a pipe could fill up
        self._process = subprocess.Popen(
            [python(client.pins), "-m", "benchmarks.worker", client.function, growing, loop],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("BENCHMARKS_VERBOSE") else self._said,
            text=True,
            env=environ(),
            cwd=ROOT,
        )

    def do(self, what: str, **arguments: Any) -> Any:
        """Have it do something; give its answer."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            self._said.seek(0)
            said = self._said.read()
            raise RuntimeError(f"{self.client.function} ended: {said[-2000:]}")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._said.close()


@contextmanager
def crew(clients: Sequence[Client]) -> Iterator[list[Worker]]:
    """Run a process for each client."""
    workers: list[Worker] = []
    try:
        workers.extend(map(Worker, clients))
        yield workers
    finally:
        for worker in workers:
            worker.close()


def versions(pins: str) -> dict[str, str]:
    """Give the versions of an environment."""
    lines = (PINS / f"{pins}.txt").read_text().splitlines()
    return dict(line.split(" ")[0].split("==") for line in lines if "==" in line)
