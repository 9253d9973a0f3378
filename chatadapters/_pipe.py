"""Standard output that is a pipe, whose reader may leave before we are done."""

from __future__ import annotations

import os
import select
import stat
import sys
import time


def drop_output() -> None:
    """Write the rest of the output nowhere: Python would complain of it when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
