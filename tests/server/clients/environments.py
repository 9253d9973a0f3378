"""An environment for each client: `python -m tests.server.clients.environments` makes them."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tests.environments import CACHE, environment

PINS = Path(__file__).parent / "pins"


def python_client(name: str) -> Path:
    """Give the folder of the programs of a Python client."""
    return environment(PINS / f"{name}.txt") / "bin"


def npm_client() -> Path:
    """Give the folder with the npm packages, installed if they are not there yet."""
    pins = PINS / "package.json"
    digest = hashlib.sha256(pins.read_bytes()).hexdigest()[:12]
    folder = CACHE / f"npm-{digest}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.copy(pins, folder)
        command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(command, check=True, cwd=folder)
        (folder / "complete").touch()
    return folder


if __name__ == "__main__":
    for each in sorted(PINS.glob("*.txt")):
        sys.stdout.write(f"{python_client(each.stem)}\n")
    sys.stdout.write(f"{npm_client()}\n")
