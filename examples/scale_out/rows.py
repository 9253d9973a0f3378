"""Prompts in, answers out: files of JSON lines that a run which was killed can go on with.

A prompt is `{"key": "a1", "prompt": "..."}`, an answer the same with `"text": "..."` and more.
"""

from __future__ import annotations

import json
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from pathlib import Path

Row = dict[str, Any]
_BEGINNING = b'{"key": "'


def run(prompts: Path, answers: Path, ask: Callable[[list[Row]], Generator[Row]]) -> int:
    """Answer the prompts that have no answer yet; give an exit status.

    Args:
        prompts: The file of prompts.
        answers: That of the answers; one run at a time writes to it.
        ask: Gives rows with a text, or an error, as they come.
    """
    try:
        with FileLock(f"{answers}.lock", timeout=0):
            try:
                rows = _left(prompts, answers)
            except ValueError as error:
                return _told(str(error), 1)
            with closing(ask(rows)) as results:
                return 1 if _keep(results, answers, len(rows)) else 0
    except Timeout:
        return _told(f"another run writes to {answers}", 1)
    except OSError as error:
        return _told(str(error), 1)
    except KeyboardInterrupt:
        return _told("interrupted; run it again to go on", 130)


def _told(why: str, status: int) -> int:
    sys.stderr.write(f"\n{why}\n")
    return status


def _left(prompts: Path, answers: Path) -> list[Row]:
    """Give the prompts that have no answer yet."""
    left: dict[str, Row] = {}
    for row in _rows(prompts, prompts.read_bytes().split(b"\n")):
        if row["key"] in left:
            raise ValueError(f"{prompts}: two prompts have the key {row['key']!r}")
        left[row["key"]] = row
    count = len(left)
    for row in _whole(answers):
        asked = left.pop(row["key"], {"prompt": None})
        if asked["prompt"] != row["prompt"]:
            raise ValueError(
                f"{answers}: {row['key']!r} is no prompt of {prompts}, or was another one: "
                "name another file for the answers"
            )
    sys.stderr.write(f"{len(left)} of {count} prompts have no answer yet\n")
    return [*left.values()]


def _whole(answers: Path) -> list[Row]:
    """Read the answers; a last line that was cut when a run was killed is taken away."""
    with answers.open("a+b") as file:
        file.seek(0)
        *lines, last = file.read().split(b"\n")
        rows = _rows(answers, lines)
        try:
            rows += _rows(answers, [last])
        except ValueError:
            if not _BEGINNING.startswith(last[: len(_BEGINNING)]):
                raise
            file.truncate(file.tell() - len(last))
        else:
            file.write(b"\n" if last else b"")
    return rows


def _rows(path: Path, lines: Sequence[bytes]) -> list[Row]:
    rows = []
    for line in filter(bytes.strip, lines):
        try:
            row = json.loads(line)
            whole = isinstance(row["key"], str) and isinstance(row["prompt"], str)
        except (ValueError, TypeError, KeyError):
            whole = False
        if not whole:
            raise ValueError(f'{path}: want {{"key": "...", "prompt": "..."}}, got {line[:80]!r}')
        rows.append(row)
    return rows


def _keep(results: Iterable[Row], answers: Path, count: int) -> int:
    """Write answers as they come, each at once, and tell how far it is; give how many failed."""
    failed = 0
    with answers.open("a", encoding="utf-8") as file:
        for number, row in enumerate(results, 1):
            if "error" in row:
                failed += 1
                sys.stderr.write(f"\n{row['key']}: {row['error']}\n")
            else:
                file.write(json.dumps(row) + "\n")
                file.flush()
            sys.stderr.write(f"\r{number} of {count} done, {failed} failed")
            sys.stderr.flush()
    sys.stderr.write("\n")
    return failed


def grouped(rows: Sequence[Row], size: int) -> list[list[Row]]:
    """Give the rows in groups of a size."""
    return [[*rows[at : at + size]] for at in range(0, len(rows), size)]
