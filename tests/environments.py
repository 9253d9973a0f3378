"""Environments of their own, made by uv from exact versions and kept in `.cache/environments`."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache" / "environments"


def environment(pins: Path) -> Path:
    """Give the folder of the environment that a file of pins describes, made if it is not there.

    Nothing but what the file names is installed: some packages name dependencies not used here.
    """
    digest = hashlib.sha256(pins.read_bytes()).hexdigest()[:12]
    folder = CACHE / f"{pins.stem}-{digest}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        _uv("venv", "--python", sys.executable, str(folder), at=pins.parent)
        command = ("pip", "install", "--no-deps", "--python", str(folder))
        _uv(*command, "--requirement", str(pins.absolute()), at=pins.parent)
        (folder / "complete").touch()
        (CACHE.parent / ".gitignore").write_text("*\n")
    return folder


def _uv(*command: str, at: Path) -> None:
    subprocess.run(["uv", *command, "--quiet", "--no-config"], check=True, cwd=at)
