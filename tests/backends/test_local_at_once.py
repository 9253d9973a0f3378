"""Conversations of the embedded model at once: each has its own context, and says its own."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from chatadapters import local_predict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatadapters._protocols import Predict

ASKED = ["Name a color.", "Count to five.", "Tell me about the sea.", "Who was Ada Lovelace?"]


@pytest.fixture(scope="module")
def predict() -> Iterator[Predict]:
    """A model with room for two conversations of 256 tokens, greedy."""
    predict = local_predict(n_ctx=256, n_threads=1, temperature=0, max_tokens=16, pace=0)
    yield predict
    predict.close()


@pytest.fixture(scope="module")
def alone(predict: Predict) -> dict[str, str]:
    """What is answered when nobody else asks."""
    return {question: predict.complete(question).text for question in ASKED}


def test_threads_get_what_they_get_alone(predict: Predict, alone: dict[str, str]) -> None:
    """Twice as many as run at once; not a word is different."""
    found: list[tuple[str, str]] = []

    def ask(question: str) -> None:
        found.append((question, "".join(predict.deltas(question))))

    threads = [threading.Thread(target=ask, args=(question,)) for question in ASKED]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert dict(found) == alone


async def test_tasks_get_what_they_get_alone(predict: Predict, alone: dict[str, str]) -> None:
    """Also while one of them is cancelled, and after it."""
    victim = asyncio.create_task(
        predict.aio.using(max_tokens=150, ignore_eos=True).complete("Write a long story.")
    )
    asked = [asyncio.create_task(predict.aio.complete(question)) for question in ASKED]
    await asked[0]
    victim.cancel()
    replies = await asyncio.gather(*asked)
    assert dict(zip(ASKED, (reply.text for reply in replies), strict=True)) == alone
    assert {reply.attempts for reply in replies} == {1}
    with pytest.raises(asyncio.CancelledError):
        await victim


async def test_a_long_reply_takes_no_room_from_another(predict: Predict) -> None:
    """Two that would not fit into one context together both come to their end."""
    long = predict.aio.using(max_tokens=150, ignore_eos=True)
    replies = await asyncio.gather(*(long.complete(f"Tell story {n}.") for n in range(2)))
    for reply in replies:
        assert reply.finish_reason == "length"
        assert reply.usage is not None
        assert reply.usage.output_tokens == 150
        assert reply.attempts == 1


async def test_closing_lets_the_reply_that_runs_go_on(
    predict: Predict, alone: dict[str, str]
) -> None:
    """And another that begins meanwhile gets a server of its own."""
    running = predict.aio.deltas(ASKED[2])
    begun = await anext(running)
    await predict.aio.close()
    other = await predict.aio.complete(ASKED[3])
    rest = [delta async for delta in running]
    assert begun + "".join(rest) == alone[ASKED[2]]
    assert other.text == alone[ASKED[3]]


SPOKEN = "Hello 😀👍🏽, e\u0301 漢字!\n\nUser: no 👩‍👩‍👧."


@pytest.mark.parametrize("template", [None, "smollm2"])
async def test_a_stop_sequence_may_begin_and_end_anywhere(
    predict: Predict, template: str | None
) -> None:
    """Within tokens, across them, and between the parts of one emoji."""
    grammar = f'root ::= "{SPOKEN}"'.replace("\n", "\\n")
    spoken = predict.aio.using(grammar=grammar, max_tokens=100, template=template)
    assert (await spoken.complete("Speak.")).text == SPOKEN
    stops = ["lo 😀", "🏽", "\u0301 漢", "字!\n", "\n\nUser:", "\u200d👧", "er: no 👩", "."]
    replies = await asyncio.gather(*(spoken.using(stop=stop).complete("Speak.") for stop in stops))
    for stop, reply in zip(stops, replies, strict=True):
        assert reply.text == SPOKEN[: SPOKEN.index(stop)], stop
        assert reply.finish_reason == "stop"
