"""What `chatadapters serve` adds: the embedded model asked directly, and the same through it.

Run it with `python -m benchmarks.serve`; it needs the extras `local`, `openai` and `server`, and
the embedded model. One llama.cpp server computes all replies, one at a time; the same bare client
reads it directly and through `chatadapters serve` in a process of its own, in turn. Two more tables
replace the model by a server of prebuilt tokens, so that only ours is measured: at a steady pace
for the time to the first text, and all at once for the rate.
"""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
from contextlib import contextmanager
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from benchmarks.server import serving as tokens
from chatadapters.testing import model_server

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS, FAST_ROUNDS = 15, 5
SERVE = "through chatadapters serve"
TOKENS, FAST_TOKENS = 64, 20_000


class Reply(NamedTuple):
    """One reply, as a client saw it: seconds to its first text and of the rest, pieces, text."""

    first: float
    rest: float
    pieces: int
    text: str


def ask(url: str, model: str) -> Reply:
    """Ask with the standard library, on a connection of its own, and time what comes."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    body = {
        "model": model,
        "messages": [{"role": "user", "content": "Write a story about a dragon."}],
        "max_tokens": TOKENS,
        "temperature": 0,
        "stream": True,
    }
    began = perf_counter()
    headers = {"Content-Type": "application/json"}
    connection.request("POST", f"{parts.path}/chat/completions", json.dumps(body), headers)
    answer, first, texts = connection.getresponse(), 0.0, []
    for line in answer:
        if line.startswith(b"data: {"):
            delta = json.loads(line[6:])["choices"][0]["delta"]
            if content := delta.get("content"):
                first = first or perf_counter()
                texts.append(content)
    ended = perf_counter()
    connection.close()
    return Reply(first - began, ended - first, len(texts), "".join(texts))


@contextmanager
def serving(upstream: str, model: str) -> Iterator[str]:
    """Run `chatadapters serve` in front of another server; give its address."""
    command = [sys.executable, "-m", "chatadapters", "serve", "--port", "0", "--backend", "openai"]
    with subprocess.Popen(
        [*command, "--model", model, "--base-url", upstream], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            yield re.findall(r"http://\S+/v1", process.stdout.readline())[0]
        finally:
            process.terminate()


def measure(direct: str, through: str, model: str, rounds: int) -> tuple[list[Reply], list[Reply]]:
    """Ask in turn, after one question to each that warms it up."""
    ask(direct, model), ask(through, model)
    pairs = [(ask(direct, model), ask(through, model)) for _ in range(rounds)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def show(title: str, named: dict[str, list[Reply]]) -> None:
    """Print the medians of each way; the first has a piece for each token."""
    tokens = next(iter(named.values()))[0].pieces
    assert len({reply.text for replies in named.values() for reply in replies}) == 1
    print(f"{title:<36}  first text   tokens a second")
    for name, replies in named.items():
        first = 1000 * median(reply.first for reply in replies)
        rate = (tokens - 1) / median(reply.rest for reply in replies)
        print(f"  {name:<34}  {first:7.1f} ms  {rate:12,.0f}")


def main() -> None:
    """Measure and print."""
    with model_server() as server, serving(server.base_url, server.model) as url:
        direct, through = measure(server.base_url, url, server.model, ROUNDS)
    named = {"llama.cpp's server, directly": direct, SERVE: through}
    show(f"the embedded model, {ROUNDS} replies", named)
    with tokens() as base:
        for title, rounds, path in (
            ("100 tokens, 200 a second, 15 replies", ROUNDS, "@200/100"),
            (f"{FAST_TOKENS:,} tokens at once, 5 replies", FAST_ROUNDS, f"1/{FAST_TOKENS}"),
        ):
            upstream = f"{base}/chat/{path}/v1"
            with serving(upstream, "m") as url:
                direct, through = measure(upstream, url, "m", rounds)
            show(title, {"a server of tokens, directly": direct, SERVE: through})


if __name__ == "__main__":
    main()
