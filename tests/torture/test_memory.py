"""A server that sends without end, or a bomb, ends in an error, and memory stays flat."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from chatadapters.testing.faults import FaultServer
from tests.http_backends import BACKENDS

_MIB = 2**20
#: What each limit is set to.
_LIMIT = _MIB
#: MiB that the peak may lie above what the process had before; the limits are one each.
_MOST = 12.0

#: What ends them: too much, or no text for too long; an HTTP error stays one.
_WANTED = {
    "giant_chunk": "LimitExceededError",
    "endless": "LimitExceededError",
    "endless_line": "LimitExceededError",
    "endless_event": "LimitExceededError",
    "endless_json": "LimitExceededError",
    "gzip_bomb": "LimitExceededError",
    "endless_comments": "StallError",
    "endless_empty": "StallError",
    "endless_error_body": None,
    "gzip_bomb_error": None,
}
_STATUS_ERRORS = ("BadRequestError", "HTTPStatusError")

Peaks = dict[str, tuple[str, float]]


@pytest.fixture(scope="module")
def peaks() -> Iterator[dict[tuple[str, str], Future[Peaks]]]:
    """Measure every wire in a process of its own, two at a time."""
    with FaultServer() as server, ThreadPoolExecutor(2) as pool:
        yield {
            (backend, colour): pool.submit(_measure, server, backend, colour)
            for backend in BACKENDS
            for colour in ("sync", "async")
        }


def _measure(server: FaultServer, backend: str, colour: str) -> Peaks:
    urls = [server.url(name, BACKENDS[backend][0]) for name in ("ok", *_WANTED)]
    command = [sys.executable, "-m", "tests.torture.peaks", backend, colour, str(_LIMIT), *urls]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    _, *lines = (line.split() for line in ran.stdout.splitlines())
    return {name: (line[0], float(line[1])) for name, line in zip(_WANTED, lines, strict=True)}


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_peak_of_memory(
    backend: str, colour: str, peaks: dict[tuple[str, str], Future[Peaks]]
) -> None:
    """Each ends in the error that is meant, within a few times the limits."""
    found = peaks[backend, colour].result()
    sys.stdout.write(f"{found}\n")
    for name, (error, peak) in found.items():
        assert error == _WANTED[name] or (_WANTED[name] is None and error in _STATUS_ERRORS), name
        assert peak < _MOST, name
