"""Counts the processor's instructions on the hot paths, which do not depend on the machine's load.

`python benchmarks/instructions.py` prints them, `--check` fails when one has grown by more than a
tenth above `budgets.json`, `--write` writes that file. It needs valgrind.

Every path is run with N events and with 2N, so that what starting up takes falls out. A count is
given as a ratio to that of a loop in pure Python, counted in the same run, because that changes
little from one build of Python to another.
"""

from __future__ import annotations

import gc
import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatadapters import Reader

BUDGETS = Path(__file__).with_name("budgets.json")
COUNT, BLOCK = 3000, 20
MARGIN, OTHER_VERSION = 1.1, 1.5
VERSION = ".".join(map(str, sys.version_info[:2]))
REFERENCE = "a loop in pure Python"


def reference(count: int) -> None:
    """Do what every interpreter has to: calls, attributes, strings, dicts, lists."""

    class Thing:
        def __init__(self, value: str) -> None:
            self.value = value

    kept: list[str] = []
    for number in range(4 * count):
        thing = Thing(f"{number:06d} {number % 7}")
        kept.append({"value": thing.value[2:]}["value"].strip())
    assert len("".join(kept)) == 24 * count


def read(wire: str, path: str, size: int) -> Callable[[int], None]:
    """Make the path of one reader, on blocks of so many events."""

    def run(count: int) -> None:
        from benchmarks.regime_server import TOKEN, wire_of

        reader = _reader(wire)
        write, end = wire_of(path)
        block = write(TOKEN) * size
        for _ in range(count // size):
            reader.feed(block)
        assert reader.feed(end)

    return run


def padded(count: int) -> None:
    """Read events that are padded, as OpenAI's own are, one a block."""
    from benchmarks import wires

    reader, events = _reader("chat"), wires.tokens("padded")
    for number in range(count):
        reader.feed(events[number % len(events)])
    assert reader.feed(b"".join(wires.closing("padded", count)))


def _reader(wire: str) -> Reader:
    from chatadapters.backends.openai import OpenAIBackend
    from chatadapters.backends.text_generation import TextGenerationBackend

    if wire in ("chat", "responses"):
        return OpenAIBackend("m", base_url="http://127.0.0.1:1", api=wire).reader()
    return TextGenerationBackend(base_url="http://127.0.0.1:1", wire=wire).reader()


def chunks(count: int) -> None:
    """Read HTTP chunks that come one by one."""
    from chatadapters._framing import ChunkedBody

    body, chunk = ChunkedBody(), b"12c\r\n" + b"x" * 300 + b"\r\n"
    for _ in range(count):
        assert body.feed(chunk)


def reply(count: int) -> None:
    """Run a whole reply on chunks that come one by one, each handed out as a growing text."""
    from benchmarks.regime_server import TOKEN, wire_of
    from chatadapters._call import Call
    from chatadapters._reply import ReplyState
    from chatadapters._views import GrowingView
    from chatadapters.backends.openai import OpenAIBackend

    state = ReplyState(Call(OpenAIBackend("m"), {}), GrowingView(), 0.0)
    state.begin()
    block = wire_of("/chat/completions")[0](TOKEN)
    for number in range(count):
        state.until(float(number))
        state.step(([block], None), float(number))
        assert state.take(float(number))


def reads(count: int) -> None:
    """Run a whole async reply on reads of the connection that bring one token each."""
    import asyncio

    from benchmarks.reads import read

    asyncio.run(read(count))


def heads(count: int) -> None:
    """Write the head of a request and read that of its answer."""
    import httpx2

    from chatadapters._heads import HeadReader
    from chatadapters._proxies import Origin
    from chatadapters._routes import Route

    server = Origin(b"https", b"api.openai.com", 443)
    headers = {f"x-header-{number}": "x" * 20 for number in range(12)}
    request = httpx2.Request("POST", "https://api.openai.com/v1/x", headers=headers, content=b"{}")
    told = b"".join(b"X-Header-%d: %b\r\n" % (number, b"x" * 20) for number in range(20))
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n%b\r\nrest" % told
    for _ in range(count):
        assert Route(server, server).written(request, request.headers.raw, b"{}")
        assert HeadReader().feed(answer) == b"rest"


def build(count: int) -> None:
    """Build a request of so many turns."""
    from chatadapters import openai_predict

    predict = openai_predict("m", base_url="http://127.0.0.1:1", system="Be brief.")
    history = [{"role": role, "content": "x" * 290} for role in ("user", "assistant")] * count
    assert len(predict.build("Hi", history)["messages"]) == 2 * count + 2


PATHS: dict[str, Callable[[int], None]] = {
    REFERENCE: reference,
    "read openai chat, one event a block": read("chat", "/chat/completions", 1),
    "read openai chat, 20 events a block": read("chat", "/chat/completions", BLOCK),
    "read openai chat, each event padded": padded,
    "read openai responses": read("responses", "/responses", 1),
    "read raw completions": read("completions", "/completions", 1),
    "read TGI": read("tgi", "/generate_stream", 1),
    "an HTTP chunk": chunks,
    "a chunk of a whole reply": reply,
    "a read in asyncio, to the event": reads,
    "the heads of a message": heads,
    "a turn of a request": build,
}


def measure() -> dict[str, float]:
    """Give the instructions of each path for an event, as a ratio to the reference."""
    from benchmarks.counting import counted

    counts = counted(__file__)
    once, twice = counts[::2], counts[1::2]
    each = {name: (b - a) / COUNT for name, a, b in zip(PATHS, once, twice, strict=True)}
    unit = each.pop(REFERENCE)
    print(f"{unit:10,.0f}  {REFERENCE}, the unit")
    return {name: round(count / unit, 3) for name, count in each.items()}


def compare(found: dict[str, float], budgets: dict[str, Any]) -> list[str]:
    """Say what is beyond its budget, and what has none."""
    margin = MARGIN if budgets["python"] == VERSION else OTHER_VERSION
    wrong = [
        f"{name}: {ratio:.2f} times the reference, the budget is {budgets['ratios'][name]:.2f}"
        for name, ratio in found.items()
        if name in budgets["ratios"] and ratio > margin * budgets["ratios"][name]
    ]
    return [*wrong, *(f"{name}: no budget" for name in found if name not in budgets["ratios"])]


def main() -> None:
    """Print, check or write; or run the paths."""
    match sys.argv[1:]:
        case ["--run"]:
            from benchmarks.counting import run_each

            gc.disable()  # when it runs depends on all that came before
            for path in PATHS.values():
                path(BLOCK)  # what is imported at first use would be counted again in each fork
            run_each(partial(path, n * COUNT) for path in PATHS.values() for n in (1, 2))
            return
        case [] | ["--check"] | ["--write"]:
            found = measure()
        case _:
            sys.exit(__doc__)
    for name, ratio in found.items():
        print(f"{ratio:10.2f}  {name}")
    if "--write" in sys.argv:
        text = json.dumps({"python": VERSION, "ratios": found}, indent=2)
        BUDGETS.write_text(text + "\n", encoding="utf-8")
    if "--check" in sys.argv:
        wrong = compare(found, json.loads(BUDGETS.read_text("utf-8")))
        if wrong:
            sys.exit("\n".join(["beyond the budget of instructions:", *wrong]))


if __name__ == "__main__":
    main()
