"""Replies that begin at once in asyncio begin one by one."""

from __future__ import annotations

import asyncio
import time

from chatadapters._one_by_one import one_by_one


async def _begin(number: int, begun: list[int]) -> None:
    await one_by_one()
    begun.append(number)


async def test_one_that_is_alone_does_not_wait() -> None:
    """It goes on within the same turn of the event loop, also after others."""
    for _ in range(2):
        turned: list[bool] = []
        asyncio.get_running_loop().call_soon(turned.append, True)
        await one_by_one()
        assert not turned
        for _ in range(3):
            await asyncio.sleep(0)


async def test_the_loop_turns_between_those_that_begin_together() -> None:
    """A hundred begin in order, each in a turn of its own, and others are served in between."""
    begun: list[int] = []
    tasks = [asyncio.create_task(_begin(number, begun)) for number in range(100)]
    most = before = 0
    while len(begun) < 100:
        await asyncio.sleep(0)
        most, before = max(most, len(begun) - before), len(begun)
    assert begun == sorted(begun)
    assert most < 50
    await asyncio.gather(*tasks)


async def test_more_begin_while_the_loop_has_other_work() -> None:
    """So they begin even when each turn of the loop is long."""
    begun: list[int] = []
    tasks = [asyncio.create_task(_begin(number, begun)) for number in range(100)]
    turns = 0
    while len(begun) < 100:
        until = time.thread_time() + 0.05
        while time.thread_time() < until:
            pass
        await asyncio.sleep(0)
        turns += 1
    assert turns < 25
    await asyncio.gather(*tasks)


async def test_few_begin_after_a_long_turn() -> None:
    """A pause, such as of the garbage collector, does not let all begin at once."""
    begun: list[int] = []
    tasks = [asyncio.create_task(_begin(number, begun)) for number in range(300)]
    await asyncio.sleep(0)
    most = before = 0
    while len(begun) < 300:
        until = time.thread_time() + 0.2
        while time.thread_time() < until:
            pass
        await asyncio.sleep(0)
        most, before = max(most, len(begun) - before), len(begun)
    assert 1 < most <= 30
    await asyncio.gather(*tasks)


async def test_one_that_is_stopped_holds_up_nobody() -> None:
    """Whoever leaves while it waits gives its turn to the next."""
    begun: list[int] = []
    tasks = [asyncio.create_task(_begin(number, begun)) for number in range(10)]
    await asyncio.sleep(0)
    for task in tasks[1:9]:
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert [number for number, error in enumerate(done) if error is None] == begun == [0, 9]


def test_every_event_loop_has_a_line_of_its_own() -> None:
    """A loop that ended in the middle leaves nothing to the next one."""

    async def leave() -> None:
        for _ in range(5):
            asyncio.create_task(one_by_one())  # noqa: RUF006 - it is left
        await asyncio.sleep(0)

    for _ in range(2):
        asyncio.run(leave())
    asyncio.run(asyncio.wait_for(one_by_one(), 30))
