"""Counts the processor's instructions of pieces of work, which do not depend on the machine's load.

Each piece runs in a fork of one process under valgrind, so that what starting up takes, and
valgrind's own translation of it, is done once. A fork's count begins with that of its parent.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def counted(file: str, *arguments: str) -> list[int]:
    """Count the instructions of each piece that a file runs when it is told `--run`.

    The arguments follow. It runs without valgrind before, so that what it imports is compiled.
    """
    paths = os.pathsep.join(path for path in sys.path if path)
    env = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0", "PYTHONPATH": paths}
    run = [sys.executable, "-S", file, "--run", *arguments]
    subprocess.run(run, env=env, stdout=subprocess.DEVNULL, check=True)
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    tool = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    done = subprocess.run([*tool, *run], env=env, capture_output=True, text=True, check=False)
    found = dict(re.findall(r"==(\d+)== I +refs: +([\d,]+)", done.stderr))
    forks = done.stdout.split()
    if done.returncode or not found.keys() >= {*forks}:
        sys.exit(f"{file}: valgrind gave no count\n{done.stderr}")
    return [int(found[fork].replace(",", "")) for fork in forks]


def run_each(pieces: Iterable[Callable[[], object]]) -> None:
    """Run each piece in a fork of this process, one after the other, and print its number."""
    for piece in pieces:
        fork = os.fork()
        if not fork:
            _run(piece)
        if os.waitpid(fork, 0)[1]:
            sys.exit(f"fork {fork} failed")
        print(fork, flush=True)


def _run(piece: Callable[[], object]) -> None:
    try:
        piece()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
