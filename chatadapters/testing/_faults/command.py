"""The command `python -m chatadapters.testing.faults`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ..._errors import OptionError
from ..._pipe import drop_output, wait_until_unread
from .catalog import SCENARIOS, nearest
from .fault_server import FaultServer
from .scenario import ALL

if TYPE_CHECKING:
    from collections.abc import Sequence


_ABOUT = """\
Serve streams that fail, on loopback, until interrupted, or until the pipe that the list goes into
is closed. For each scenario the URL is printed, what a client should make of it, and what the
server does:

  exact   the whole text
  retry   the whole text, although the first request fails
  error   an error, soon and without needless requests
  flag    the text so far, and a finish reason that says that it is not complete
  stop    the text up to the stop sequence "\\nUser:", which the server ignores

Point a client at a URL with any key and any model, such as
OpenAI(base_url="http://127.0.0.1:8000/r1/reset_mid_once/v1", api_key="none").

A URL counts its requests: one that fails once is healthy from the second request on. With anything
else for its first part the count begins anew: /again/reset_mid_once/v1, /third/reset_mid_once/v1.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """List the URL of each scenario and serve them until interrupted.

    Args:
        arguments: Its arguments; those of the process by default.

    Returns:
        The exit code: 0, or 1 when whoever read the list from a pipe has left.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    names = [name for name in SCENARIOS if options.dialect in SCENARIOS[name].dialects]
    if options.scenario:
        if options.scenario not in names:
            parser.error(_unknown(options.scenario, options.dialect))
        names = [options.scenario]
    try:
        server = FaultServer(speed=options.speed, port=options.port).start()
    except OptionError as error:
        parser.error(str(error))
    except (OSError, OverflowError) as error:
        parser.error(f"cannot listen on port {options.port}: {error}")
    try:
        _serve(server, names, options.dialect)
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:
        pass
    finally:
        server.stop()
    drop_output()
    return 1


def _serve(server: FaultServer, names: Sequence[str], dialect: str) -> None:
    for name in names:
        wanted = SCENARIOS[name]
        url = server.url(name, dialect)
        sys.stdout.write(f"{url}\n    {wanted.want}: {wanted.description}\n")
    sys.stdout.flush()
    wait_until_unread()


def _unknown(name: str, dialect: str) -> str:
    if name in SCENARIOS:
        spoken = ", ".join(SCENARIOS[name].dialects)
        return f"scenario {name!r} is not there in the dialect {dialect!r}, but in: {spoken}"
    return f"no scenario {name!r}; {nearest(name)}without --scenario all are listed"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m chatadapters.testing.faults",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--scenario", metavar="NAME", help="serve only this one")
    parser.add_argument(
        "--dialect",
        choices=ALL,
        default="openai",
        help="the API that is spoken: chat completions (default), raw completions, "
        "Responses, or text-generation-inference",
    )
    parser.add_argument("--port", type=int, default=0, help="default: any free one")
    parser.add_argument(
        "--speed",
        type=float,
        default=1.0,
        help="what the server's waits are divided by: 10 makes half a second of 5 (default: 1)",
    )
    return parser
