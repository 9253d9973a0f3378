r"""A bot with one conversation for each channel, as in Slack or Discord. No network, no key.

    printf 'news: Hello!\nhelp: What is the capital of France?\n' | python bot.py

Each line of input is an event, `channel: message`; a real bot gets its events from its platform's
SDK and calls `answer` the same way.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict, deque
from contextlib import suppress
from threading import Thread

from chatadapters import local_predict
from chatadapters.ui import explain

predict = local_predict(system="Give short, clear answers in English.", temperature=0)
# A channel never ends, so only its last turns are kept.
histories: dict[str, deque[tuple[str, str]]] = defaultdict(lambda: deque(maxlen=6))
turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)


async def answer(channel: str, message: str) -> str:
    """Answer a message; those of one channel wait for each other, channels do not."""
    async with turns[channel]:
        try:
            reply = await predict.aio.complete(message, histories[channel])
        except Exception as error:  # any provider's own; the bot goes on
            return f"(no answer: {explain(error)})"
        histories[channel].append((message, reply.text))
        return reply.text


async def on_event(line: str) -> None:
    """Take an event and post the answer into its channel."""
    channel, _, message = line.strip().partition(": ")
    if message:
        print(f"{channel}> {await answer(channel, message)}", flush=True)


async def main() -> None:
    """Take events until there are no more."""
    events: asyncio.Queue[str] = asyncio.Queue()
    Thread(target=read, args=(asyncio.get_running_loop(), events), daemon=True).start()
    async with asyncio.TaskGroup() as tasks:
        while line := await events.get():
            tasks.create_task(on_event(line))


def read(loop: asyncio.AbstractEventLoop, events: asyncio.Queue[str]) -> None:
    """Read the input in a thread of its own, which a Ctrl-C does not wait for."""
    try:
        for line in sys.stdin or ():  # a closed one is None
            loop.call_soon_threadsafe(events.put_nowait, line)
    finally:
        loop.call_soon_threadsafe(events.put_nowait, "")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
