"""A batch of prompts over some processes; run it again to go on where it ended.

`python pool.py prompts.jsonl answers.jsonl --backend openai:gpt-4o-mini`. A predict is
configuration, so it can be sent to other processes; a key that was given as a string stays behind
and is read from the environment there. The embedded model by default; needs `cloudpickle`.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from threading import Thread
from typing import TYPE_CHECKING

import cloudpickle
from options import read
from rows import Answer, grouped, keep, left

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from options import Options
    from rows import Row

_answer: list[Answer] = []


def begin(predict: bytes, at_once: int) -> None:
    """Take the predict, once in each process, and end when the one that started it ends."""
    _answer.append(Answer(cloudpickle.loads(predict), at_once))
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    os._exit(1)


def answer(rows: Sequence[Row]) -> list[Row]:
    """Answer some rows in one of the processes."""
    return _answer[0](rows)


def answers(options: Options, rows: list[Row]) -> Iterator[Row]:
    """Give the answers as they come."""
    shared = (cloudpickle.dumps(options.predict), options.at_once)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.workers, spawn, begin, shared) as pool:
        jobs = [pool.submit(answer, group) for group in grouped(rows, options.at_once)]
        for job in as_completed(jobs):
            yield from job.result()


def main() -> int:
    """Answer what has no answer yet."""
    options = read(__doc__)
    rows = left(options.prompts, options.answers)
    return 1 if keep(answers(options, rows), options.answers, len(rows)) else 0


if __name__ == "__main__":
    sys.exit(main())
