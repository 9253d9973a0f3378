"""Runs one backend on one fault, sync or async, and notes everything that can be seen of it."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
from pydantic import SecretStr

import chatadapters
from chatadapters import (
    Limits,
    Reply,
    Retry,
    Timeout,
    langchain_predict,
)
from chatadapters.testing.faults import SCENARIOS, Answer, Ask, FaultRequest, FaultServer, Scenario
from tests.backends.langchain_model import chat_openai
from tests.http_backends import BACKENDS, KEY, Make

SPEED = 20
#: For faults that only a clock ends: the speed makes the pauses within them 0.3 s at most.
SHORT = Timeout(connect=1.5, first=2, idle=1.5)
#: For those that keep both sides busy until a clock ends them, however late it is.
FLOOD = Timeout(connect=1.5, first=0.2, idle=0.2)
#: For all others, so that a busy machine is not taken for a fault.
LONG = Timeout(connect=30, first=30, idle=30)

_LARGE = 100_000


def langchain(url: str, timeout: Timeout, **options: Any) -> Any:
    clocks = httpx2.Timeout(timeout.idle, connect=timeout.connect)
    model = chat_openai(url, timeout=clocks, api_key=SecretStr(KEY))
    return langchain_predict(model, timeout=timeout, **options)


#: Backends that read through a client of others, which cannot be pointed elsewhere either.
THROUGH_CLIENTS: dict[str, tuple[str, Make]] = {"langchain": ("openai", langchain)}


@dataclass(frozen=True)
class Cell:
    """One field of the matrix."""

    backend: str
    scenario: str
    colour: str
    #: Whether a message was answered before, so that its connection and its head are used again.
    second: bool = False

    @property
    def wanted(self) -> Scenario:
        return SCENARIOS[self.scenario]

    @property
    def waits(self) -> bool:
        """Whether most of its time is spent waiting."""
        words = ("stall", "hangs", "slow", "no_close", "late", "then_comments")
        return self.wanted.min_wait > 0 or any(word in self.scenario for word in words)

    @property
    def timeout(self) -> Timeout:
        if self.scenario in ("endless_comments", "endless_empty"):
            return FLOOD
        words = ("stall", "hangs")
        return SHORT if any(word in self.scenario for word in words) else LONG

    @property
    def heavy(self) -> bool:
        """Whether it keeps a processor busy."""
        return self.scenario.startswith(("endless", "giant", "many_chunks", "gzip_bomb"))

    @property
    def pace(self) -> float:
        """Every value is looked at, unless that would take long."""
        return 25 if self.heavy else 0

    @property
    def limits(self) -> Limits:
        """Streams without end are ended sooner than by default, on busy machines too."""
        return Limits(reply=2**20) if self.scenario.startswith("endless") else Limits()

    def __str__(self) -> str:
        second = "-second" if self.second else ""
        return f"{self.backend}-{self.colour}-{self.scenario}{second}"


def cells(backends: Mapping[str, tuple[str, Make]] = BACKENDS) -> Iterator[Cell]:
    """Give every field of the matrix."""
    for backend, (dialect, _) in backends.items():
        for name, scenario in SCENARIOS.items():
            if dialect in scenario.dialects:
                yield from (Cell(backend, name, colour) for colour in ("sync", "async"))


#: A backend of each way to make a request.
_MAKING = ("openai-chat", "openai-responses", "tgi")


def second_cells() -> Iterator[Cell]:
    """Give the fields whose fault meets the second message of a conversation."""
    for cell in cells({name: BACKENDS[name] for name in _MAKING}):
        first_is_right = cell.wanted.port == "open" and "cumulative" not in cell.wanted.options
        if first_is_right and not cell.heavy:
            yield replace(cell, second=True)


@dataclass
class Outcome:
    """What came of a cell."""

    values: list[str]
    error: BaseException | None
    reply: Reply
    seconds: float
    requests: list[FaultRequest] = field(default_factory=list)
    strays: list[FaultRequest] = field(default_factory=list)

    @property
    def text(self) -> str:
        return self.values[-1] if self.values else ""

    def shown(self) -> str:
        """Give everything that the error could show of a secret."""
        return "" if self.error is None else "".join(_shown(self.error))


def run(cell: Cell, server: FaultServer) -> Outcome:
    """Run one cell."""
    dialect, make = (BACKENDS | THROUGH_CLIENTS)[cell.backend]
    wanted = cell.wanted
    url = server.url(_second(wanted) if cell.second else wanted, dialect)
    clocks = {"timeout": cell.timeout, "limits": cell.limits}
    options = {"stop": wanted.stop, **clocks, **wanted.options}
    outcome = talk(make, url, cell.colour, pace=cell.pace, second=cell.second, **options)
    outcome.requests, outcome.strays = server.requests(url), server.strays(url)
    if cell.second:
        outcome.requests.pop(0)
    return outcome


def _second(scenario: Scenario) -> Scenario:
    """Answer one request well and play the scenario to those that follow."""

    def play(ask: Ask) -> Answer:
        if ask.attempt == 1:
            return Answer(ask.healthy())
        return scenario.answer(replace(ask, attempt=ask.attempt - 1))

    return replace(scenario, want="exact", play=play)


def talk(
    make: Make, url: str, colour: str, *, pace: float = 0, second: bool = False, **options: Any
) -> Outcome:
    """Send a message, or a second one, and note what comes."""
    replies: list[Reply] = []
    values: list[str] = []
    predict = make(url, pace=pace, on_finish=replies.append, retry=Retry(wait=0.02), **options)
    began = time.monotonic()
    listening = _listen if colour == "sync" else _asyncio_listen
    error = listening(predict, values, second)
    return Outcome(values, error, replies[-1], time.monotonic() - began)


def _listen(predict: Any, values: list[str], second: bool) -> BaseException | None:
    if second:
        predict.complete("Hello")
    try:
        for value in predict("Hello", []):
            _note(values, value)
    except Exception as error:  # which errors may come is what is tested
        return error
    finally:
        predict.close()
    return None


def _asyncio_listen(predict: Any, values: list[str], second: bool) -> BaseException | None:
    return asyncio.run(_alisten(predict, values, second))


async def _alisten(predict: Any, values: list[str], second: bool) -> BaseException | None:
    if second:
        await predict.aio.complete("Hello")
    try:
        async for value in predict.aio("Hello", []):
            _note(values, value)
    except Exception as error:  # which errors may come is what is tested
        return error
    finally:
        await _close_lent_client(predict)
        await predict.aio.close()
    return None


async def _close_lent_client(predict: Any) -> None:
    """Close LangChain's client of its own, whose connections nobody else closes."""
    client = getattr(getattr(predict.backend, "model", None), "root_async_client", None)
    if client is not None:
        await client.close()


def _note(values: list[str], value: str) -> None:
    """Keep a value; of large ones only the last, for together they would fill the memory."""
    if values and len(values[-1]) > _LARGE:
        values.pop()
    values.append(value)


_OURS = str(Path(chatadapters.__file__).parent)


def _shown(error: BaseException) -> Iterator[str]:
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.append(following)
        following = following.__cause__ or following.__context__
    for each in chain:
        yield from (str(each), repr(each), repr(each.args), repr(vars(each)))
        response = getattr(each, "response", None)
        if response is not None:
            yield from (repr(response.headers), repr(response.request.headers))
            yield response.text if response.is_closed and hasattr(response, "_content") else ""
        yield from _locals(each)


def _locals(error: BaseException) -> Iterator[str]:
    for frame in traceback.TracebackException.from_exception(error, capture_locals=True).stack:
        if frame.filename.startswith(_OURS) and frame.locals:
            yield repr(frame.locals)
