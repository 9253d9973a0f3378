"""Writes the pins of a UI's environment from its extra: `python -m tests.ui.browser.compile panel`.

Versions stay as they are where they still fit; `--upgrade` after the name moves them. Open WebUI
is not ours to install, and its pins are written by hand: most of what it needs is never used.
"""

from __future__ import annotations

import subprocess
import sys
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from tests.ui.browser.run import PINS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

# What an environment has beside the extra of its name, or below it.
BESIDE = {"gradio": "gradio[mcp]>=6", "gradio5": "gradio<6", "jupyter": "jupyterlab"}
# The package with the model's weights names what it is not used with here.
UNUSED = "llama-cpp-python; sys_platform == 'never'\nllm; sys_platform == 'never'\n"


def compile_pins(pins: Path, *flags: str) -> None:
    """Write the pins of the environment that a file is named after; it may have some already."""
    name = pins.stem
    command = ["uv", "pip", "compile", "--quiet", "--no-config", "--no-annotate", "--no-header"]
    command += ["--extra", name.rstrip("5"), "--extra", "local", "--group", "model", *flags]
    command += ["--python", sys.executable, "--output-file", str(pins), "pyproject.toml", "-"]
    with NamedTemporaryFile("w", suffix=".txt") as unused:
        unused.write(UNUSED)
        unused.flush()
        command += ["--override", unused.name]
        beside = BESIDE.get(name, "").encode()
        subprocess.run(command, check=True, cwd=ROOT, input=beside, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    compile_pins(PINS / f"{sys.argv[1]}.txt", *sys.argv[2:])
