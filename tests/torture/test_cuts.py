"""A reply is exact wherever its stream is cut or split, at every single byte."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chatadapters import Reply, Retry, Timeout
from chatadapters.testing.faults import TEXT, End, FaultServer, good_body
from tests.http_backends import BACKENDS
from tests.torture import short

#: How many bytes lie between two cuts of the long stream. With 1 it is cut after every byte, and
#: the short one in both colours, which share their readers and take turns otherwise.
_STRIDE = int(os.environ.get("CHATADAPTERS_CUT_STRIDE", "89"))
_CAN_GO_ON = ("completions", "tgi")
_AT_ONCE = 24
_PATIENCE = {"timeout": Timeout(connect=30, first=60, idle=60), "retry": Retry(wait=0), "pace": 0}

#: What one run showed: every value, and the reply at its end.
Shown = tuple[list[str], Reply]


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def _sync(predict: Any, urls: Iterable[str]) -> list[Shown]:
    def one(url: str) -> Shown:
        replies: list[Reply] = []
        asked = predict.using(base_url=url, on_finish=replies.append)
        return list(asked("Hello", [])), *replies

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        shown = list(pool.map(one, urls))
    predict.close()
    return shown


def _async(predict: Any, urls: Iterable[str]) -> list[Shown]:
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(url: str) -> Shown:
        replies: list[Reply] = []
        asked = predict.using(base_url=url, on_finish=replies.append).aio
        async with places:
            return [value async for value in asked("Hello", [])], *replies

    async def every() -> list[Shown]:
        return await asyncio.gather(*map(one, urls))

    return asyncio.run(every())


Colour = Callable[[Any, Iterable[str]], list[Shown]]


@pytest.fixture(params=[_sync, _async], ids=["sync", "async"])
def colour(request: pytest.FixtureRequest) -> Colour:
    found: Colour = request.param
    return found


def places(dialect: str, colour: Colour) -> range:
    """Give the bytes of the short stream at which it is this colour's turn."""
    every = range(len(short.body(dialect)) + 1)
    return every if _STRIDE == 1 else every[(_sync, _async).index(colour) :: 2]


def wrong(shown: Iterable[Shown], text: str) -> dict[int, Shown]:
    """Give the runs, by their number, that are not exactly this text, growing and finished."""

    def right(values: list[str], reply: Reply) -> bool:
        grows = all(text.startswith(value) for value in values)
        return grows and values[-1] == reply.text == text and reply.finish_reason == "stop"

    return {k: run for k, run in enumerate(shown) if not right(*run)}


@pytest.mark.parametrize("how", ["clean", "fin", "rst"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_cut_after_any_byte_is_mended(
    backend: str, how: End, colour: Colour, server: FaultServer
) -> None:
    """Wherever the first answer ends and however, the text is exact, shown once and finished."""
    dialect, make = BACKENDS[backend]
    urls = [server.url(short.cut(k, how), dialect) for k in places(dialect, colour)]
    assert wrong(colour(make(urls[0], **_PATIENCE), urls), short.TEXT) == {}
    assert all(len(server.requests(url)) <= 2 for url in urls)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_split_after_any_byte_changes_nothing(
    backend: str, colour: Colour, server: FaultServer
) -> None:
    """Wherever the network splits the answer, the text is exact, of one request."""
    dialect, make = BACKENDS[backend]
    urls = [server.url(short.split(k), dialect) for k in places(dialect, colour)]
    assert wrong(colour(make(urls[0], **_PATIENCE), urls), short.TEXT) == {}
    assert {len(server.requests(url)) for url in urls} == {1}


#: Backends, and whether the server says everything again where it is asked to go on.
_LONG = [
    *((backend, False) for backend in BACKENDS),
    *((name, True) for name, (dialect, _) in BACKENDS.items() if dialect in _CAN_GO_ON),
]


@pytest.mark.timeout(0 if _STRIDE < 89 else 300)
@pytest.mark.parametrize("how", ["clean", "fin", "rst"])
@pytest.mark.parametrize(("backend", "repeats"), _LONG)
def test_a_cut_of_a_long_stream_is_mended(
    backend: str, how: End, repeats: bool, colour: Colour, server: FaultServer
) -> None:
    """The same of a longer answer, also where the server cannot go on and says it all again."""
    dialect, make = BACKENDS[backend]
    cuts = range(0, len(good_body(dialect)) + 1, _STRIDE)
    urls = [server.url_cut(k, how, dialect, repeats=repeats) for k in cuts]
    assert wrong(colour(make(urls[0], **_PATIENCE), urls), TEXT) == {}
    assert all(len(server.requests(url)) <= 2 + repeats for url in urls)
