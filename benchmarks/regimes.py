"""CPU per token on every wire, in three regimes that are never mixed; the transport's share apart.

Run it with `python -m benchmarks.regimes`; it needs the extras `openai` and `http`. Microseconds of
CPU of the client process per token, the least of several rounds:

- bursts in blocks of 50 events, as behind a buffering proxy;
- bursts with an HTTP chunk for each event, as most servers send when the client is the slower side;
- real rates: each token comes in a packet of its own and is handed out alone, waits included.

"transport" reads the same bytes and decodes nothing, "decoder" decodes them and reads nothing.
"""

from __future__ import annotations

import asyncio
import resource
from functools import partial
from time import process_time
from typing import TYPE_CHECKING, Any

import openai

from benchmarks.regime_server import TOKEN, serving, wire_of
from chatadapters import (
    Message,
    Timeout,
    huggingface_predict,
    openai_predict,
    text_generation_predict,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatadapters import Predict

BURST, PACED = 20_000, 400
ROUNDS = 2
AT_ONCE = 50
HI = [Message("user", "Hi")]
MAKE: dict[str, tuple[str, Callable[[str], Predict]]] = {
    "openai chat": (
        "/chat/completions",
        lambda url: openai_predict("m", base_url=f"{url}/v1", pace=0),
    ),
    "openai responses": (
        "/responses",
        lambda url: openai_predict("m", base_url=f"{url}/v1", api="responses", pace=0),
    ),
    "raw completions": (
        "/completions",
        lambda url: text_generation_predict(f"{url}/v1", wire="completions", pace=0),
    ),
    "TGI": ("/generate_stream", lambda url: text_generation_predict(url, pace=0)),
    "Hugging Face": (
        "/chat/completions",
        lambda url: huggingface_predict("m", base_url=f"{url}/v1", token="none", pace=0),
    ),
}


def least(run: Callable[[], object], tokens: int) -> float:
    """Give the microseconds of CPU per token of the best round; the first warms up."""
    taken: list[float] = []
    for _ in range(ROUNDS + 1):
        began = process_time()
        run()
        taken.append(process_time() - began)
    return min(taken[1:]) / tokens * 1e6


def sync(predict: Predict, tokens: int) -> float:
    """Measure `predict.deltas`, each text as it comes."""
    return least(lambda: _check(sum(map(len, predict.deltas("Hi"))), tokens), tokens)


def in_asyncio(predict: Predict, tokens: int, at_once: int) -> float:
    """Measure `predict.aio.deltas`, several at once."""

    async def read() -> None:
        _check(sum([len(text) async for text in predict.aio.deltas("Hi")]), tokens)

    async def all_of_them() -> None:
        await asyncio.gather(*(read() for _ in range(at_once)))

    with asyncio.Runner() as runner:
        found = least(lambda: runner.run(all_of_them()), tokens * at_once)
        runner.run(predict.aio.close())
    return found


def _check(size: int, tokens: int) -> None:
    assert size >= tokens * len(TOKEN), size


def transport(predict: Predict, tokens: int) -> float:
    """Measure the bytes alone."""
    backend = predict.backend

    def read() -> None:
        for _ in backend.stream(backend.build(HI, {}), Timeout()):
            pass

    return least(read, tokens)


def decoder(predict: Predict, path: str, size: int) -> float:
    """Measure the reader alone, on blocks of so many events."""
    write, end = wire_of(path)
    blocks = [write(TOKEN) * size] * (BURST // size)

    def read() -> None:
        reader = predict.backend.reader()
        for block in blocks:
            reader.feed(block)
        reader.feed(end)

    return least(read, BURST)


def usual(url: str, tokens: int) -> float:
    """Measure the loop of the openai SDK's documentation."""
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none") as client:
        create = client.chat.completions.create

        def read() -> None:
            stream: Any = create(
                model="m", messages=[{"role": "user", "content": "Hi"}], stream=True
            )
            for chunk in stream:
                assert chunk.choices[0].delta.content or chunk.choices[0].finish_reason

        return least(read, tokens)


def usual_in_asyncio(url: str, tokens: int, at_once: int) -> float:
    """Measure the same loop in asyncio, several at once."""

    async def read(client: openai.AsyncOpenAI) -> None:
        stream: Any = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "Hi"}], stream=True
        )
        async for chunk in stream:
            assert chunk.choices[0].delta.content or chunk.choices[0].finish_reason

    async def all_of_them(client: openai.AsyncOpenAI) -> None:
        await asyncio.gather(*(read(client) for _ in range(at_once)))

    with asyncio.Runner() as runner:
        client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none")
        found = least(lambda: runner.run(all_of_them(client)), tokens * at_once)
        runner.run(client.close())
    return found


def bursts(size: int) -> None:
    """Print the table of one framing."""
    with serving(BURST) as server:
        url = f"{server}/{size}"
        loop = usual(url, BURST)
        print(f"\nbursts, {size} events in an HTTP chunk; the openai SDK's own loop: {loop:.1f}")
        print(f"{'':18}{'predict':>9}{'ratio':>7}{'aio':>9}{'transport':>11}{'decoder':>9}")
        for name, (path, make) in MAKE.items():
            predict = make(url)
            mine, async_mine = sync(predict, BURST), in_asyncio(predict, BURST, 1)
            apart = transport(predict, BURST), decoder(predict, path, size)
            predict.close()
            print(
                f"{name:18}{mine:9.2f}{loop / mine:6.0f}x{async_mine:9.2f}"
                f"{apart[0]:11.2f}{apart[1]:9.2f}"
            )


def real_rates() -> None:
    """Print the table of tokens that come one by one."""
    with serving(PACED) as server:
        alone, together = f"{server}/rate200", f"{server}/rate100"
        loops = usual(alone, PACED), usual_in_asyncio(together, PACED, AT_ONCE)
        print(
            f"\nreal rates; the openai SDK's own loop: {loops[0]:.0f} (one stream, 200/s), "
            f"async {loops[1]:.0f} ({AT_ONCE} streams, 100/s each)"
        )
        print(f"{'':18}{'predict':>9}{'ratio':>7}{'aio':>9}{'ratio':>7}{'transport':>11}")
        for name, (_, make) in MAKE.items():
            predict, many = make(alone), make(together)
            mine, async_mine = sync(predict, PACED), in_asyncio(many, PACED, AT_ONCE)
            share = transport(predict, PACED)
            predict.close()
            print(
                f"{name:18}{mine:9.1f}{loops[0] / mine:6.1f}x{async_mine:9.1f}"
                f"{loops[1] / async_mine:6.1f}x{share:11.1f}"
            )


def main() -> None:
    """Measure and print."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for run in (partial(bursts, 50), partial(bursts, 1), real_rates):
        run()


if __name__ == "__main__":
    main()
