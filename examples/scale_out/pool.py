"""A batch of prompts over some processes; run it again to go on where it ended.

`python pool.py prompts.jsonl answers.jsonl --backend openai:gpt-4o-mini`. A predict is
configuration, so it can be sent to other processes; a key that was given as a string stays behind
and is read from the environment there. The embedded model by default; needs `cloudpickle` and
`filelock`.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING

import cloudpickle
from answer import Answer
from options import read
from rows import grouped, run

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from options import Options
    from rows import Row

_answer: list[Answer] = []


def begin(predict: bytes, at_once: int) -> None:
    """Take the predict, once in each process, and end when the one that started it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # on Windows, which lets nothing be inherited
    _answer.append(Answer(cloudpickle.loads(predict), at_once))
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    os._exit(1)


def answer(rows: Sequence[Row]) -> list[Row]:
    """Answer some rows in one of the processes."""
    return _answer[0].rows(rows)


@contextmanager
def _no_interrupts() -> Generator[None]:
    """Begin processes that are deaf to a Ctrl-C from their first moment: it is for this one."""
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def answers(options: Options, rows: list[Row]) -> Generator[Row]:
    """Give the answers as they come; rows whose process died are given to new ones."""
    shared = (cloudpickle.dumps(options.predict), options.at_once)
    spawn = multiprocessing.get_context("spawn")
    while rows:
        lost: list[Row] = []
        with ProcessPoolExecutor(options.workers, spawn, begin, shared) as pool:
            try:
                with _no_interrupts():
                    groups = grouped(rows, options.at_once)
                    jobs = {pool.submit(answer, some): some for some in groups}
                for job in as_completed(jobs):
                    try:
                        yield from job.result()
                    except BrokenProcessPool:
                        lost += jobs[job]
            except BaseException:
                for process in multiprocessing.active_children():
                    process.kill()  # what it has under way is asked again by the next run
                raise
        if len(lost) == len(rows):
            raise ChildProcessError("processes died (out of memory?): try fewer, or fewer rows")
        rows = lost


def main() -> int:
    """Answer what has no answer yet."""
    options = read(__doc__)
    return run(options.prompts, options.answers, partial(answers, options))


if __name__ == "__main__":
    sys.exit(main())
