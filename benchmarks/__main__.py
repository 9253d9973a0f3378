"""`python -m benchmarks`: measure beside the peers, print the tables, with --write keep them."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from typing import Any

from benchmarks import report
from benchmarks.parts import PARTS, load
from benchmarks.server import serving


def main(arguments: list[str]) -> None:
    """Measure the parts that are wanted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = f"one or more of {', '.join(PARTS)}"
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=names
    )
    parser.add_argument(
        "--size",
        choices=("full", "short", "quick"),
        default="full",
        help="short takes a third of the time and says less; quick shows only that it works",
    )
    parser.add_argument("--write", action="store_true", help="keep the results and write the page")
    parser.add_argument("--render", action="store_true", help="write the page from kept results")
    options = parser.parse_args(arguments)
    command = shlex.join(["python", "-m", "benchmarks", *arguments])
    for name in options.only:
        found = report.kept(name) if options.render else _measured(name, options.size, command)
        print(f"## {name}\n\n{report.section(name, found)}\n", flush=True)
        if options.write or options.render:
            report.keep(name, found)
    if options.write or options.render:
        report.write()


def _measured(name: str, size: str, command: str) -> dict[str, Any]:
    part, began, about = load(name), time.monotonic(), report.about(command)
    with serving() as url:
        found = part.measure(url, part.SIZES[size])
    return {"about": {**about, "seconds": round(time.monotonic() - began)}, **found}


if __name__ == "__main__":
    main(sys.argv[1:])
