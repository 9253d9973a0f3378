"""Where results are kept: JSON files, and tables and plots of the page that shows them."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.crew import python, versions
from benchmarks.parts import PARTS, load
from tests.environments import ROOT

RESULTS = Path(__file__).parent / "results"
PAGE = ROOT / "docs" / "benchmarks.md"


def about(command: str) -> dict[str, Any]:
    """Say when, where and with what is measured."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": command,
        "commit": _output("git", "rev-parse", "--short", "HEAD") or "unknown",
        "machine": f"{platform.system()}, {os.cpu_count()} cores, {_processor()}",
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def peers() -> str:
    """Name the peers and what they stand on, with their versions."""
    named = (
        ("openai", "openai"),
        ("aisuite", "aisuite"),
        ("any-llm", "any-llm-sdk"),
        ("huggingface", "huggingface-hub"),
        ("langchain", "langchain-openai"),
        ("litellm", "litellm"),
        ("text-generation", "text-generation"),
        ("openai", "httpx2"),
        ("openai", "aiohttp"),
    )
    return ", ".join(f"{name} {versions(pins)[name]}" for pins, name in named) + "."


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    found = (
        re.search(r"model name\s*: (.*)", info.read_text(encoding="utf-8"))
        if info.exists()
        else None
    )
    return found[1] if found else platform.processor()


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout.strip()  # noqa: PLW1510
    except OSError:
        return ""


def keep(part: str, found: dict[str, Any]) -> None:
    """Keep what a part found."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{part}.json").write_text(json.dumps(found, indent=1) + "\n")


def kept(part: str) -> dict[str, Any]:
    """Give what a part found last."""
    found: dict[str, Any] = json.loads((RESULTS / f"{part}.json").read_text(encoding="utf-8"))
    return found


def section(name: str, found: dict[str, Any]) -> str:
    """Say when and where a part was measured, and what was found."""
    was = found["about"]
    said = (
        f"Measured {was['date']} by `{was['command']}` in {was['seconds']} s at commit "
        f"{was['commit']}: Python {was['python']}, {was['machine']}, load {was['load']} before."
    )
    found = json.loads(json.dumps(found))  # as it is when read again
    return f"{said}\n\n{load(name).tables(found)}"


def page() -> str:
    """Give the page with the peers and the kept results of all parts between their markers."""
    text = _filled(PAGE.read_text(encoding="utf-8"), "peers", peers())
    for name in PARTS:
        if (RESULTS / f"{name}.json").exists():
            text = _filled(text, name, section(name, kept(name)))
    return text


def _filled(page: str, name: str, text: str) -> str:
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{PAGE} has no markers for {name!r}")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def write() -> None:
    """Write the page and those that quote it, and draw its plots in an environment of their own."""
    PAGE.write_text(page(), encoding="utf-8")
    subprocess.run([sys.executable, "docs/tables.py"], check=True, cwd=ROOT)
    subprocess.run([python("plots"), str(Path(__file__).parent / "plots.py")], check=True, cwd=ROOT)
