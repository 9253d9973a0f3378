"""Counts the processor's instructions for a piece of work and for four times as much of it.

`python benchmarks/growth.py` prints by what each grew and fails where that is more than linear.
Copies count too, which no clock and no count of calls shows: a buffer that is copied for each piece
that comes is quadratic. It needs valgrind.
"""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from collections.abc import Callable


COUNT = 4000
TIMES = 4
MOST = 1.1 * TIMES


def nothing(_: int) -> None:
    """Import what the others need; this falls out of their counts."""
    for name in ("_conversation", "_framing", "_reasoning", "_sse", "_stop"):
        import_module(f"chatadapters.{name}")


def line(count: int) -> None:
    """Read one line that comes in pieces."""
    from chatadapters._sse import SSEDecoder

    decoder = SSEDecoder(limit=2**30)
    for _ in range(count):
        decoder.feed(b"data: 0123456789")
    assert len(decoder.flush()[0][1]) == 16 * count - 6


def lines(count: int) -> None:
    """Read one event of many lines."""
    from chatadapters._sse import SSEDecoder

    decoder = SSEDecoder(limit=2**30)
    for _ in range(count):
        decoder.feed(b"data: 0123456789\n")
    assert len(decoder.flush()[0][1]) == 11 * count - 1


def block(count: int) -> None:
    """Read one block of many events."""
    from chatadapters._sse import SSEDecoder

    assert len(SSEDecoder(limit=2**30).feed(b"data: 0123456789\r\n\r\n" * count)) == count


def chunk(count: int) -> None:
    """Read HTTP chunks that come byte by byte."""
    from chatadapters._framing import ChunkedBody

    body, data = ChunkedBody(), b"7\r\n0123456\r\n"
    for _ in range(count // 4):
        for at in range(len(data)):
            body.feed(data[at : at + 1])


def stop(count: int) -> None:
    """Look for a stop sequence that the text begins again and again."""
    from chatadapters._stop import StopFilter

    stops = StopFilter(["a" * 500 + "b", "ab" * 100 + "c"])
    given = sum(len(stops.feed("aaaaabab")) for _ in range(count))
    assert given + len(stops.flush()) == 8 * count


def held(count: int) -> None:
    """Hold back a text that is the beginning of a stop sequence as long."""
    from chatadapters._stop import StopFilter

    stops = StopFilter(["a" * (3 * count) + "b"])
    for _ in range(count):
        assert not stops.feed("aaa")
    assert len(stops.flush()) == 3 * count


def tokens(count: int) -> None:
    """Look for control tokens in a text full of beginnings of them."""
    from chatadapters._stop import TokenFilter

    filtered = TokenFilter(["<|im_end|>", "</s>", "<|im_start|>"])
    given = sum(len(filtered.feed("<|im_</")) for _ in range(count))
    assert given + len(filtered.flush()) == 7 * count


def reasoning(count: int) -> None:
    """Look for the end of reasoning in a text full of beginnings of it."""
    from chatadapters._reasoning import ReasoningSplitter

    splitter = ReasoningSplitter()
    pieces = splitter.feed("<think>")
    for _ in range(count):
        pieces += splitter.feed("</thin")
    pieces += splitter.flush()
    assert sum(len(text) for _, text in pieces) == 6 * count


def blanks(count: int) -> None:
    """Look for the beginning of reasoning after many blanks."""
    from chatadapters._reasoning import ReasoningSplitter

    splitter = ReasoningSplitter()
    for _ in range(count):
        splitter.feed("  ")


def turns(count: int) -> None:
    """Read a history of turns."""
    from chatadapters._conversation import normalize

    pair = [{"role": role, "content": "Hello!" * 10} for role in ("user", "assistant")]
    assert len(normalize("Hi", pair * (count // 4))) == 2 * (count // 4) + 1


def one_role(count: int) -> None:
    """Read a history whose turns all become one message, some with thoughts in front."""
    from chatadapters._conversation import normalize

    turn = {"role": "assistant", "content": "<think>So.</think>Hello!" * 10}
    assert len(normalize("Hi", [turn] * (count // 4))) == 2


def blocks(count: int) -> None:
    """Read one message of many content blocks."""
    from chatadapters._conversation import normalize

    assert len(normalize([{"type": "text", "text": "Hello!" * 10}] * (count // 4))) == 1


PATHS: dict[str, Callable[[int], None]] = {
    path.__name__: path
    for path in (
        *(line, lines, block, chunk),
        *(stop, held, tokens, reasoning, blanks),
        *(turns, one_role, blocks),
    )
}


def growth() -> dict[str, float]:
    """Give how many times as much work each path does for four times as much to do."""
    from benchmarks.counting import counted

    start, *found = counted(__file__)
    pairs = zip(PATHS, found[::2], found[1::2], strict=True)
    return {name: (more - start) / (once - start) for name, once, more in pairs}


def main() -> None:
    """Print how each path grows and fail if one is not linear; or run one."""
    if sys.argv[1:] == ["--run"]:
        from benchmarks.counting import run_each

        nothing(0)
        paths = [partial(path, n * COUNT) for path in PATHS.values() for n in (1, TIMES)]
        run_each([partial(nothing, 0), *paths])
        return
    found = growth()
    for name, ratio in found.items():
        print(f"{ratio:6.2f}  {name}: {(PATHS[name].__doc__ or '').partition('.')[0]}")
    if wrong := [name for name, ratio in found.items() if ratio > MOST]:
        sys.exit(f"more than linear (at most {MOST:.1f}): {', '.join(wrong)}")


if __name__ == "__main__":
    main()
