"""CPU time per chunk of an OpenAI chat stream: predict, the SDK's own loop, a bare loop.

Run it with `python benchmarks/openai_stream.py`; it needs the extra `openai`, and orjson. A process
of its own serves the stream on loopback as fast as it is read, in two framings: 50 events in each
HTTP chunk, as behind a buffering proxy, and one, as most servers send.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import multiprocessing
import socket
from functools import partial
from threading import Thread
from time import process_time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import openai
import orjson

from chatadapters import Message, Text, Timeout, openai_predict

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatadapters import Predict

CHUNKS = 20_000
ROUNDS = 5
HI = [Message("user", "Hi")]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
TOKEN = "tok "


def event(delta: dict[str, str], reason: str | None = None) -> bytes:
    """Write one event as OpenAI does."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    chunk = {
        "id": "chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012",
        "object": "chat.completion.chunk",
        "created": 1_790_000_000,
        "model": "gpt-4o-mini-2024-07-18",
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
        "choices": [choice],
    }
    return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"


def answer(events_per_chunk: int) -> bytes:
    """Write a whole answer in HTTP chunks of so many events."""
    events = [event({"content": TOKEN})] * CHUNKS + [event({}, "stop"), b"data: [DONE]\n\n"]
    chunks = [
        b"".join(events[at : at + events_per_chunk])
        for at in range(0, len(events), events_per_chunk)
    ]
    framed = [b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks]
    return b"".join((HEAD, *framed, b"0\r\n\r\n"))


def serve(listener: socket.socket) -> None:
    """Answer every request; its path begins with the number of events of an HTTP chunk."""
    answers = {size: answer(size) for size in (50, 1)}
    while True:
        connection, _ = listener.accept()
        Thread(target=converse, args=(connection, answers), daemon=True).start()


def converse(connection: socket.socket, answers: dict[int, bytes]) -> None:
    """Answer the requests of one connection."""
    with connection, connection.makefile("rb") as lines:
        while request := lines.readline():
            length = 0
            while (line := lines.readline().lower()) != b"\r\n":
                if line.startswith(b"content-length:"):
                    length = int(line[15:])
            lines.read(length)
            connection.sendall(answers[int(request.split(b"/")[1])])


def ours(url: str) -> int:
    """Read through predict: growing strings, paced as in a chat UI."""
    return len([*PREDICTS[url]("Hi")][-1])


async def ours_async(url: str) -> int:
    """Read through predict's async twin."""
    return len([text async for text in PREDICTS[url].aio("Hi")][-1])


def reader(url: str) -> int:
    """Read with the backend alone: bytes of the transport, and the reader."""
    backend = PREDICTS[url].backend
    reading, size = backend.reader(), 0
    for block in backend.stream(backend.build(HI, {}), Timeout()):
        size += sum(len(each.delta) for each in reading.feed(block) if isinstance(each, Text))
    return size


def usual(url: str) -> int:
    """Read with the loop of the SDK's documentation."""
    stream = CLIENTS[url].chat.completions.create(
        model="m", messages=[{"role": "user", "content": "Hi"}], stream=True
    )
    return sum(len(chunk.choices[0].delta.content or "") for chunk in stream)


def bare(url: str) -> int:
    """Read with the standard library and orjson, checking nothing."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    connection.request("POST", parts.path + "/chat/completions", b"{}")
    response, rest, size = connection.getresponse(), b"", 0
    while block := response.read1(65536):
        *events, rest = (rest + block).split(b"\n\n")
        for each in events:
            if each != b"data: [DONE]":
                size += len(orjson.loads(each[6:])["choices"][0]["delta"].get("content", ""))
    connection.close()
    return size


def cost(read: Callable[[], int]) -> float:
    """Give the microseconds of CPU that a chunk takes, the best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS + 1):  # the first, which also warms up, is never the best
        began = process_time()
        assert read() == CHUNKS * len(TOKEN)
        best = min(best, process_time() - began)
    return best / CHUNKS * 1e6


def async_cost(url: str) -> float:
    """Give the same for the async twin, in one event loop."""
    with asyncio.Runner() as runner:
        found = cost(lambda: runner.run(ours_async(url)))
        runner.run(PREDICTS[url].aio.close())
    return found


PREDICTS: dict[str, Predict] = {}
CLIENTS: dict[str, openai.OpenAI] = {}


def measure(url: str) -> list[float]:
    """Give the cost of each way to read."""
    PREDICTS[url] = openai_predict("m", base_url=url)
    CLIENTS[url] = openai.OpenAI(base_url=url, api_key="none")
    sync = [cost(partial(read, url)) for read in (ours, reader, usual, bare)]
    PREDICTS[url].close()
    CLIENTS[url].close()
    return [sync[0], async_cost(url), *sync[1:]]


def main() -> None:
    """Measure and print a table."""
    names = ["predict", "predict.aio", "reader only", "SDK loop", "bare loop"]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = multiprocessing.get_context("fork").Process(target=serve, args=(listener,))
        server.start()
        try:
            print(f"CPU per chunk in microseconds, {CHUNKS:,} chunks, best of {ROUNDS}")
            print("events per HTTP chunk", *(f"{name:>12}" for name in names))
            for size in (50, 1):
                found = measure(f"http://127.0.0.1:{listener.getsockname()[1]}/{size}/v1")
                print(f"{size:<21}", *(f"{each:12.2f}" for each in found))
                ratios = (f"{found[3] / each:11.1f}x" for each in found[:2])
                print("  times below the SDK", *ratios)
        finally:
            server.terminate()
            server.join()


if __name__ == "__main__":
    main()
