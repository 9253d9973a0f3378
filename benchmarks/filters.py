"""Prints the CPU time that each pure stream filter takes per event, in microseconds.

Run it with `python benchmarks/filters.py`; the least of five runs counts.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec import Struct

from chatadapters._json import SurrogateJoiner, TypedDecoder, loads
from chatadapters._reasoning import ReasoningSplitter
from chatadapters._sse import SSEDecoder
from chatadapters._stop import StopFilter, TokenFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

EVENTS = 50_000
JSON = (
    b'{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m",'
    b'"choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}'
)
EVENT = b"data: " + JSON + b"\n\n"
TYPED = b"event: response.output_text.delta\n" + EVENT
WORDS = [" word"] * EVENTS


class Delta(Struct):
    """The part of a chunk that is new text."""

    content: str | None = None


class Choice(Struct):
    """One of the answers."""

    delta: Delta | None = None
    finish_reason: str | None = None


class Chunk(Struct):
    """A chunk of OpenAI's chat completions, as a reader types it."""

    choices: list[Choice] | None = None


def measure(name: str, make: Callable[[], Callable[..., object]], chunks: Iterable[object]) -> None:
    """Feed fresh filters and print the least CPU time of a run, over all events."""
    runs: list[float] = []
    chunks = list(chunks)
    for _ in range(5):
        feed = make()
        begin = time.process_time()
        for chunk in chunks:
            feed(chunk)
        runs.append(time.process_time() - begin)
    print(f"{min(runs) / EVENTS * 1e6:8.2f}  {name}")


def sse() -> Callable[..., object]:
    """Give the `feed` of a decoder that is past the first line of its stream."""
    decoder = SSEDecoder(2**24)
    decoder.feed(b"\n")
    return decoder.feed


def in_pieces(stream: bytes, size: int) -> list[bytes]:
    """Cut a stream into blocks of one size."""
    return [stream[at : at + size] for at in range(0, len(stream), size)]


def main() -> None:
    """Measure every filter on its usual and on its hard input."""
    measure("SSE, one event a block", sse, [EVENT] * EVENTS)
    measure("SSE, one event with a type a block", sse, [TYPED] * EVENTS)
    measure("SSE, one event with CRLF a block", sse, [EVENT.replace(b"\n", b"\r\n")] * EVENTS)
    measure("SSE, 50 events a block", sse, [EVENT * 50] * (EVENTS // 50))
    measure("SSE, 50 events with a type a block", sse, [TYPED * 50] * (EVENTS // 50))
    measure("SSE, packets of 1460 bytes", sse, in_pieces(EVENT * EVENTS, 1460))
    measure("SSE, blocks of 16 KiB", sse, in_pieces(EVENT * EVENTS, 2**14))
    measure("JSON, typed", lambda: TypedDecoder(Chunk).decode, [JSON] * EVENTS)
    measure("JSON, plain", lambda: loads, [JSON] * EVENTS)
    measure("surrogates, ASCII", lambda: SurrogateJoiner().feed, WORDS)
    measure("surrogates, other text", lambda: SurrogateJoiner().feed, ["你好"] * EVENTS)
    measure("stop, none near", lambda: StopFilter(["\nUser:", "</s>"]).feed, WORDS)
    measure("stop, a beginning in each", lambda: StopFilter([" the end"]).feed, WORDS)
    measure("stop, 10,000 held", lambda: StopFilter("a" * 10_000 + "b").feed, ["a"] * EVENTS)
    measure("tokens, none near", lambda: TokenFilter(["<|im_end|>", "</s>"]).feed, WORDS)
    measure(
        "tokens, a beginning in each", lambda: TokenFilter(["<|im_end|>"]).feed, ["<b>"] * EVENTS
    )
    measure("reasoning, in the answer", lambda: ReasoningSplitter().feed, WORDS)
    measure("reasoning, in the block", lambda: ReasoningSplitter(inside=True).feed, WORDS)


if __name__ == "__main__":
    main()
