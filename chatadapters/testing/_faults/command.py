"""The command `python -m chatadapters.testing.faults`."""

from __future__ import annotations

import argparse
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from ..faults import SCENARIOS, FaultServer
from .scenario import ALL

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """List the URL of each scenario and serve them until interrupted."""
    options = _parser().parse_args(arguments)
    asked = [options.scenario] if options.scenario else list(SCENARIOS)
    names = [name for name in asked if options.dialect in SCENARIOS[name].dialects]
    with FaultServer(speed=options.speed, port=options.port) as server:
        for name in names:
            wanted = SCENARIOS[name]
            url = server.url(name, options.dialect)
            sys.stdout.write(f"{url}\n    {wanted.want}: {wanted.description}\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m chatadapters.testing.faults",
        description="Serve streams that fail, on loopback, until interrupted. Any first part of "
        "the path counts attempts anew: /anything/reset_mid_once/v1.",
    )
    parser.add_argument("--scenario", choices=SCENARIOS, metavar="NAME", help="only this one")
    parser.add_argument("--dialect", choices=ALL, default="openai")
    parser.add_argument("--port", type=int, default=0, help="default: any free one")
    parser.add_argument("--speed", type=float, default=1.0, help="what waits are divided by")
    return parser
