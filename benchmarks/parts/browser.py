"""Through every web UI into a real browser: the loop of its guide, and the example of this project.

The page is watched from inside, the model notes on the same clock when it spoke.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.metronome import SECONDS
from benchmarks.tables import bold, number, table
from benchmarks.watch import WATCH, WORDS
from tests.environments import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.ui.browser.pages import UI

HERE = Path(__file__).parents[1]
NAMES = ("gradio", "streamlit", "chainlit", "panel", "nicegui", "marimo", "shiny", "mesop")
SIZES = {
    "full": {"rates": [50, 500, 2000], "patience": 30, "names": NAMES},
    "short": {"rates": [50, 500, 2000], "patience": 15, "names": NAMES},
    "quick": {"rates": [50], "patience": 20, "names": NAMES[1:2]},
}
OURS, GUIDE = "chatadapters", "its guide's loop"


def measure(url: str, size: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """Speak at each rate through each UI, in a new page each time."""
    from playwright.sync_api import sync_playwright

    from tests.e2e.conftest import FLAGS, chromium
    from tests.ui.browser.pages import UIS

    uis = {ui.name: ui for ui in UIS}
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for name in (name if name in uis else f"{name}5" for name in size["names"]):
            for loop in (GUIDE, OURS):
                with running(uis[name], loop) as app:
                    for rate in size["rates"]:
                        page = browser.new_page()
                        found = _measured(page, uis[name], app, rate, size["patience"])
                        page.close()
                        rows.append({"ui": name, "loop": loop, "rate": rate, **found})
                        sys.stderr.write(f"browser: {name} {loop} {rate} done\n")
        browser.close()
    return {"size": size, "rows": rows}


class App:
    """A running app of a UI."""

    def __init__(self, url: str, pid: int, log: Path) -> None:
        self.url, self.pid, self.log = url, pid, log

    def cpu(self) -> float:
        """Give the seconds of CPU that it and its children have used."""
        stats = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            stats[int(stat.parent.name)] = int(fields[1]), int(fields[11]) + int(fields[12])
        ours, ticks = {self.pid}, 0
        for pid in sorted(stats):  # children come after their parents
            if pid in ours or stats[pid][0] in ours:
                ours.add(pid)
                ticks += stats[pid][1]
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def running(ui: UI, loop: str) -> Iterator[App]:
    """Serve the example of a UI or the loop of its guide."""
    from tests.apps import _wait_until_up, free_port
    from tests.ui.browser.run import environment

    name = f"{ui.name.rstrip('5')}_app.py"
    file = ROOT / "examples" / "ui" / name if loop == OURS else HERE / "guides" / name
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "output").open("w+b") as output:
        names = {"app": file, "port": port, "folder": folder}
        command, *arguments = (part.format(**names) for part in ui.command)
        path = [ROOT, *([HERE / "patched"] if loop == OURS else [])]
        env = {
            **os.environ,
            "BENCHMARKS_LOG": f"{folder}/log",
            "GRADIO_ANALYTICS_ENABLED": "False",
            "HOME": folder,
            "PYTHONPATH": os.pathsep.join(map(str, reversed(path))),
            **{key: value.format(**names) for key, value in ui.env.items()},
        }
        at = environment(ui.name) / "bin" / command
        process = subprocess.Popen(
            [at, *arguments], cwd=folder, env=env, stdout=output, stderr=output
        )
        url = f"http://127.0.0.1:{port}{ui.path}"
        try:
            _wait_until_up(url, process, output)
            yield App(url, process.pid, Path(folder) / "log")
        finally:
            process.terminate()
            process.wait(timeout=30)


def _measured(page: Page, ui: UI, app: App, rate: int, patience: float) -> dict[str, Any]:
    """Say the rate to the chat and watch until its last word is seen."""
    app.log.unlink(missing_ok=True)
    page.goto(app.url)
    box = page.locator(ui.box).first
    box.wait_for()
    page.wait_for_timeout(1000)
    seen: list[tuple[float, int]] = []
    page.on("console", lambda message: _note(message.text, seen))
    page.evaluate(WATCH, 0 if rate <= 100 else 1000 / 30)
    cpu = app.cpu()
    box.fill(str(rate))
    box.press("Enter")
    _wait(page, seen, rate * SECONDS - 1, patience)
    used = app.cpu() - cpu
    began = float(app.log.read_text())
    due = began + (rate * SECONDS - 1) / rate
    complete = seen[-1][1] == rate * SECONDS - 1
    words = {*page.evaluate(WORDS)} if complete else {*range(seen[-1][1] + 1)}
    return {
        "first_s": seen[0][0] - began,
        "late_s": seen[-1][0] - due if complete else None,
        "done_s": seen[-1][0] - began if complete else None,
        "gap_s": max((later[0] - before[0] for before, later in pairwise(seen)), default=0),
        "cpu_s": used,
        "lost": len({*range(rate * SECONDS)} - words),
        "looks": len(seen),
        "seen": [[round(when - began, 3), word] for when, word in seen[:: max(1, len(seen) // 60)]],
    }


def _note(said: str, seen: list[tuple[float, int]]) -> None:
    """Note when a word was first seen, in seconds of the machine's clock."""
    if said.startswith("seen "):
        _, when, word = said.split(" ")
        seen.append((float(when) / 1000, int(word)))


def _wait(page: Page, seen: list[tuple[float, int]], last: int, patience: float) -> None:
    """Wait for the last word."""
    end = time.monotonic() + SECONDS + patience
    while time.monotonic() < end and not (seen and seen[-1][1] >= last):
        page.wait_for_timeout(250)
    if not seen:
        raise RuntimeError(f"no word was seen at {page.url}")


def tables(found: dict[str, Any]) -> str:
    """Write a table for each rate."""
    parts = []
    for rate in found["size"]["rates"]:
        head = ["UI", "loop", "first word, s", "last word late by, s", "longest gap, s"]
        head += ["CPU of the app, s", "words not seen"]
        rows = [row for row in found["rows"] if row["rate"] == rate]
        lines = [
            [
                row["ui"],
                bold(row["loop"], row["loop"] == OURS),
                number(row["first_s"]),
                f"over {found['size']['patience']}" if late is None else number(late),
                number(row["gap_s"]),
                number(row["cpu_s"]),
                row["lost"],
            ]
            for row, late in ((row, row["late_s"]) for row in rows)
        ]
        parts.append(f"### {rate:,} words a second\n\n{table(head, lines)}")
    return "\n\n".join(parts)
