"""Plays every fault to chatadapters and to the loops people write, side by side in one run.

`python -m benchmarks.fault_matrix` prints the table; with the name of a file it writes it there.
Each reply runs in a process of its own, which is ended when it hangs.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.fault_loops import KEY, LOOPS, PATIENCE, Seen, work
from benchmarks.langchain_limits import LIMITS
from chatadapters.testing.faults import SCENARIOS, FaultServer, Scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

SPEED = 5
HANG = 10.0
AT_ONCE = 3


def play(name: str, wanted: Scenario, server: FaultServer) -> str:
    """Run one loop on one fault in a process of its own and judge what came of it."""
    url = server.url(wanted.name)
    context = multiprocessing.get_context("forkserver")
    mine, its = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(its, name, url, wanted.name), daemon=True)
    process.start()
    its.close()
    seen: Seen | None = mine.recv() if mine.poll(HANG + 3) else None
    process.kill()
    process.join()
    if seen is None or seen.seconds > HANG:
        return "hangs"
    return judge(wanted, seen, len(server.requests(url)))


def judge(wanted: Scenario, seen: Seen, requests: int) -> str:
    """Say what came of a reply: "ok", "error", "wrong" (nobody was told) or what was broken."""
    if KEY in seen.error:
        return "shows the key"
    if wanted.want == "error":
        return _judge_error(wanted, seen, requests)
    right = seen.text == wanted.expected
    if wanted.want == "flag":
        told = seen.reason == wanted.reason and (not seen.error or seen.empty)
        return "ok" if told and right else "wrong"
    if seen.error:
        return "error"
    if not right:
        return "wrong"
    return "too early" if seen.seconds < wanted.min_wait else "ok"


def _judge_error(wanted: Scenario, seen: Seen, requests: int) -> str:
    if not seen.error:
        return "wrong"
    return "ok" if requests <= wanted.max_requests else f"{requests} requests"


def table() -> str:
    """Play everything and give the table in Markdown."""
    scenarios = [s for s in SCENARIOS.values() if "openai" in s.dialects]
    with FaultServer(speed=SPEED) as server, ThreadPoolExecutor(AT_ONCE) as pool:
        columns = {
            name: list(pool.map(partial(play, name, server=server), scenarios)) for name in LOOPS
        }
    rows = [
        (f"`{s.name}`", s.want, *verdicts, s.description)
        for s, *verdicts in zip(scenarios, *columns.values(), strict=True)
    ]
    head = ("scenario", "wanted", *columns, "what the server does")
    return "\n\n".join([_summary(columns), _markdown(head, rows)])


def _summary(columns: dict[str, list[str]]) -> str:
    kinds = ("ok", "wrong", "hangs")
    counts = {name: Counter(verdicts) for name, verdicts in columns.items()}
    rows = [
        (name, *(str(c[kind]) for kind in kinds), str(c.total() - sum(c[kind] for kind in kinds)))
        for name, c in counts.items()
    ]
    total = len(columns["chatadapters"])
    hangs = f"hangs over {HANG:.0f} s"
    return _markdown(("", f"as wanted of {total}", "silently wrong", hangs, "else"), rows)


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = [head, ["---"] * len(head), *rows]
    lines = (" | ".join(cell.replace("|", r"\|") for cell in row) for row in cells)
    return "\n".join(f"| {line} |" for line in lines)


def _limits() -> str:
    return "\n".join(
        f"| `{name}` | {limit.comes} | {limit.why} |" for name, limit in LIMITS.items()
    )


INTRO = """# Streams that fail

What `chatadapters` makes of every fault that `chatadapters.testing.faults` can inject in the
dialect of OpenAI's chat completions, beside the usual loops on the openai SDK {openai},
huggingface_hub {hub} and langchain-openai {langchain}, measured in one run (Python {python}) by
`python -m benchmarks.fault_matrix`.

"ok" is what the second column wants: `exact` is the whole text, `retry` the whole text although
the first request fails, `error` an error, soon and without needless requests, `flag` the text so
far and a finish reason that says it is not complete, `stop` the text up to the stop sequence.
"wrong" is another text, or an incomplete one, that looks like a finished reply. The server runs
{speed} times as fast as its descriptions say, and all but the guide's loop wait {patience} s for
the next piece.

"chatadapters on LangChain" is `langchain_predict` of a `ChatOpenAI` whose own retries are off. What
that client makes impossible is listed [below](#what-langchains-client-makes-impossible).

"""

LIMITED = """

## What LangChain's client makes impossible

| scenario | what comes | why |
| --- | --- | --- |
{limits}

Streams without end (`endless...`, `gzip_bomb...`) are not played to it in the tests: in sync code
its client goes on reading in the background until its server ends, and on a busy machine the error
of some came after more than 10 s. The 20,000 events of `many_chunks` take it longer,
which the table calls a hang.
"""


def main() -> None:
    """Print the table, or write it into the file that is named."""
    multiprocessing.set_forkserver_preload([work.__module__])
    python = ".".join(map(str, sys.version_info[:3]))
    versions = {"openai": version("openai"), "hub": version("huggingface_hub"), "python": python}
    versions["langchain"] = version("langchain-openai")
    page = INTRO.format(**versions, speed=SPEED, patience=PATIENCE) + table()
    page += LIMITED.format(limits=_limits())
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(page, encoding="utf-8")
    else:
        print(page)


if __name__ == "__main__":
    main()
