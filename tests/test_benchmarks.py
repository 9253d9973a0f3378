"""The benchmarks still run: tiny sizes, in this environment, and nothing that is timed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks import beside_langchain, instructions, report, threads
from benchmarks.clients import CLIENTS, LOOP, OURS
from benchmarks.crew import environ
from benchmarks.parts import browser, length, start, streams, users
from benchmarks.server import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SOME = [
    replace(client, pins="")  # in the environment of the tests
    for client in CLIENTS
    if client.label in (OURS, LOOP) and client.wire == "chat"
]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Give the address of the server of all parts."""
    with serving() as address:
        yield address


def test_streams(url: str) -> None:
    """Each client reads the whole reply in each regime, sync and async."""
    found = streams.measure(url, streams.SIZES["quick"], SOME)
    seen = {(row["client"], row["async"], row["regime"]) for row in found["rows"]}
    assert seen == {(c.label, c.is_async, regime) for c in SOME for regime in streams.REGIMES}
    assert streams.tables(found).count(f"| **{OURS}** |") == 1 + len(streams.REGIMES)


def test_langchain(url: str) -> None:
    """Each loop whose instructions are counted runs to its end, and asserts what it read."""
    run = [sys.executable, beside_langchain.__file__, "--run", url, "50"]
    done = subprocess.run(run, env=environ(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 2 * len(beside_langchain.LOOPS)


def test_threads(url: str) -> None:
    """Every thread reads its replies whole, which the reader of them checks."""
    clock, cpu = threads.read(f"{url}/chat/50/100/v1", threads=3, replies=5)
    assert clock > 0
    assert cpu > 0


def test_start(url: str) -> None:
    """Each client is imported, asked once in a new process, and asked again."""
    found = start.measure(url, start.SIZES["quick"], SOME)
    assert {row["client"] for row in found["rows"]} == {OURS, LOOP}
    assert "building the payload" in start.tables(found)


def test_length(url: str) -> None:
    """Each client reads a longer reply whole, and many threads read with one client."""
    found = length.measure(url, length.SIZES["quick"], SOME)
    assert [row["client"] for row in found["threads"]] == [OURS, LOOP]
    assert "| **chatadapters, aio** |" in length.tables(found)


def test_users(url: str) -> None:
    """Many streams at once on one event loop all end, and nothing is lost."""
    uvloop = [replace(each, pins="") for each in users.ON_UVLOOP if each.ours]
    found = users.measure(url, users.SIZES["quick"], [*SOME, *uvloop])
    assert {row["client"]: row["lost"] for row in found["rows"]} == {
        OURS: 0,
        LOOP: 0,
        f"{OURS}, on uvloop": 0,
    }
    assert f"| **{OURS}** | 20 | 20 |" in users.tables(found)


@pytest.mark.parametrize("path", instructions.PATHS.values(), ids=instructions.PATHS)
def test_a_path_whose_instructions_are_counted(path: Callable[[int], None]) -> None:
    """Each path runs to its end, and asserts what it read."""
    path(instructions.BLOCK)


@pytest.mark.browser
def test_browser(url: str) -> None:
    """Through a UI into a browser, the loop of its guide and the example show every word."""
    found = browser.measure(url, browser.SIZES["quick"])
    assert [(row["loop"], row["lost"]) for row in found["rows"]] == [
        (browser.GUIDE, 0),
        (browser.OURS, 0),
    ]
    assert all(row["cpu_s"] > 0 and row["looks"] > 10 for row in found["rows"])
    assert "| streamlit | **chatadapters** |" in browser.tables(found)


def test_the_page() -> None:
    """The page shows the kept results of every part."""
    assert report.page() == report.PAGE.read_text(encoding="utf-8")
