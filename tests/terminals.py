"""A process on a terminal of its own, which can be typed into and read."""

from __future__ import annotations

import codecs
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


class Terminal:
    """A process on a terminal of its own, which can be typed into and read."""

    def __init__(self, process: subprocess.Popen[bytes], end: int) -> None:
        self.process, self._end, self.seen = process, end, ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def type(self, text: str) -> None:
        os.write(self._end, text.encode())

    def until(self, pattern: str) -> str:
        """Read until a pattern comes; give what came and forget it."""
        deadline = time.monotonic() + 200  # a guard: to import Gradio takes a busy machine long
        while not (found := re.search(pattern, self.seen)):
            left = deadline - time.monotonic()
            assert left > 0, f"{pattern!r} did not come: {self.seen!r}"
            if select.select([self._end], [], [], left)[0]:
                self.seen += self._decoder.decode(os.read(self._end, 65536))
        came, self.seen = self.seen[: found.end()], self.seen[found.end() :]
        return came

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def rest(self) -> None:
        """Wait until the process waits for something, as for what is typed."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        while stat.read_text().rpartition(")")[2].split()[0] != "S":
            time.sleep(0.01)

    def code(self) -> int:
        return self.process.wait(timeout=30)


@contextmanager
def terminal(command: list[str], *, columns: int = 0, **env: str) -> Generator[Terminal]:
    """Run a command on a terminal; without columns it does not know how wide that is."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    environ = {**os.environ, "TERM": "dumb", **env}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ)
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
