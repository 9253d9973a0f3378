"""Programs that begin in a copy of a process that has imported Gradio, as `python` begins them."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["gradio", "pytest"])  # pytest's own program is imported anew too


class Forked:
    """A running program, with what `subprocess.Popen` has.

    Args:
        command: Arguments for Python: `-m`, `-c` or a file first.
        env: All its environment variables.
        output: The file that gets what it prints.
    """

    def __init__(self, command: list[str], env: dict[str, str], output: str) -> None:
        self._process = _FORKS.Process(target=_run, args=(command, env, output))
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Give the exit code, once there is one."""
        return self._process.exitcode

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def wait(self, timeout: float) -> None:
        """Wait until it has ended."""
        self._process.join(timeout)


def _run(command: list[str], env: dict[str, str], output: str) -> None:
    from gradio import http_server

    os.environ.clear()
    os.environ.update(env)
    http_server.INITIAL_PORT_VALUE = int(env["GRADIO_SERVER_PORT"])  # as its import would read it
    with Path(output).open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    kind, *rest = command
    if kind == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif kind == "-c":
        sys.argv = [kind]
        exec(rest[0], {"__name__": "__main__"})
    else:
        sys.argv = command
        sys.path.insert(0, str(Path(kind).parent))
        runpy.run_path(kind, run_name="__main__")
