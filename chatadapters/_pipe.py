"""Standard streams that are closed, or a pipe whose reader may leave before we are done."""

from __future__ import annotations

import os
import select
import stat
import sys
import time
from pathlib import Path


def replace_closed() -> None:
    """Let standard streams that are closed be empty; sockets and files would take their numbers."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115


def drop_output() -> None:
    """Write the rest of the output nowhere: Python would complain of it when it exits."""
    for stream in (sys.stdout, sys.stderr):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def wait_until_unread() -> None:
    """Wait until nobody can read what we would write; where that is never known, for ever."""
    output = sys.stdout.fileno()
    if hasattr(select, "poll") and stat.S_ISFIFO(os.fstat(output).st_mode):
        poll = select.poll()
        poll.register(output, 0)  # its errors alone
        poll.poll()
        return
    while True:
        time.sleep(3600)
