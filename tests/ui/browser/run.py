"""One environment for each chat UI, made by uv from pinned versions and kept in `.cache/ui`."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PINS = Path(__file__).parent / "pins"
CACHE = ROOT / ".cache" / "ui"


def environment(name: str) -> Path:
    """Give the folder of a UI's environment, made if it is not there yet."""
    pins = PINS / f"{name}.txt"
    digest = hashlib.sha256(pins.read_bytes()).hexdigest()[:12]
    folder = CACHE / f"{name}-{digest}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        _uv("venv", "--python", sys.executable, str(folder))
        # Exactly what is named: some of it names dependencies that are not used here.
        _uv("pip", "install", "--no-deps", "--python", str(folder), "--requirement", str(pins))
        (folder / "complete").touch()
        (CACHE.parent / ".gitignore").write_text("*\n")
    return folder


def _uv(*command: str) -> None:
    subprocess.run(["uv", *command, "--quiet", "--no-config"], check=True, cwd=PINS)


if __name__ == "__main__":
    names = sys.argv[1:] or sorted(pins.stem for pins in PINS.glob("*.txt"))
    for environment_name in names:
        sys.stdout.write(f"{environment(environment_name)}\n")
