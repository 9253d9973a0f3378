"""What it costs to compile a Jinja chat template and prove the layout, beside Jinja's own compiler.

`python benchmarks/compiling.py FOLDER` takes every `*.jinja` under a folder. Time is that of the
processor, the least of several rounds, and nothing is kept from one round to the next.
"""

from __future__ import annotations

import math
import sys
import time
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from chatadapters import TemplateError
from chatadapters.templates import DialogueTemplate

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2 import nodes
    from jinja2.parser import Parser


_ROUNDS = count()


class _Generation(Extension):
    tags = {"generation"}  # noqa: RUF012 - as jinja2 declares it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Give the body alone."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def milliseconds(call: Callable[[], object], rounds: int) -> float:
    """The least time of the processor in some rounds."""
    least = math.inf
    for _ in range(rounds):
        start = time.process_time()
        call()
        least = min(least, time.process_time() - start)
    return least * 1000


def by_jinja(text: str) -> None:
    """Parse and compile a template, set up as transformers does it."""
    ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, _Generation]
    ).from_string(text)


def by_us(text: str) -> str:
    """Compile a template and prove it; say what it became."""
    new = {f"round_{next(_ROUNDS)}": ""}  # with other variables it is another template
    try:
        return DialogueTemplate.from_jinja(text, bos_token="<s>", eos_token="</s>", **new).source
    except TemplateError:
        return "refused"


def main(folder: str, rounds: int = 5) -> None:
    """Print one line per way."""
    texts = [path.read_text("utf-8") for path in sorted(Path(folder).rglob("*.jinja"))]
    texts = [text for text in texts if by_us(text) != "refused"]
    print(f"{len(texts)} templates, {median(map(len, texts)):.0f} characters at the median")
    ways: dict[str, Callable[[str], object]]
    ways = {"Jinja's own compiler": by_jinja, "compiled and proved": by_us}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for text in texts:  # both by turns, as other programs may want the processor
        for name, way in ways.items():
            times[name].append(milliseconds(partial(way, text), rounds))
    for name, taken in times.items():
        ninth = quantiles(taken, n=10)[-1]
        print(f"{name}: median {median(taken):.1f} ms, p90 {ninth:.1f}, longest {max(taken):.1f}")
    ratios = [ours / theirs for theirs, ours in zip(*times.values(), strict=True)]
    print(f"the second takes {median(ratios):.2f} times the first, median of the templates")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not any(Path(sys.argv[1]).rglob("*.jinja")):
        sys.exit("usage: python benchmarks/compiling.py FOLDER, one with *.jinja files in it")
    main(sys.argv[1])
