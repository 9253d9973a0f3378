"""Every backend meets every fault: the exact text, or a clear error; never less, never twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import httpx2
import openai
import pytest

from benchmarks.langchain_limits import LIMITS
from chatadapters import ChatAdaptersError, EmptyReplyError
from chatadapters.testing.faults import TEXT, FaultServer
from tests.fault_cells import SPEED, THROUGH_CLIENTS, Cell, Outcome, cells, run, second_cells
from tests.http_backends import KEY

TYPED = (ChatAdaptersError, openai.OpenAIError, httpx2.HTTPError)
#: Generous: it tells an answer from a hang.
SOON = 60.0
LONGEST = 5000

Look = Callable[[Cell], Outcome]


@pytest.fixture(scope="module")
def server(no_authorities: None) -> Iterator[FaultServer]:
    with FaultServer(speed=SPEED) as running:
        yield running


@pytest.fixture(scope="module")
def waited(request: pytest.FixtureRequest, server: FaultServer) -> dict[Cell, Future[Outcome]]:
    """Run all cells that mostly wait beside each other, and nothing beside them.

    A busy processor would make them late, and pytest changes the environment before each test,
    which those that ask it for a proxy must not see half done.
    """
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    selected = [spec.params["cell"] for spec in specs if spec and "cell" in spec.params]
    for cell in {(c.backend, c.colour): replace(c, scenario="ok") for c in selected}.values():
        run(cell, server)  # what is imported at first use would make the others late
    with ThreadPoolExecutor(max_workers=24) as pool:
        return {cell: pool.submit(run, cell, server) for cell in selected if cell.waits}


@pytest.fixture
def look(server: FaultServer, waited: dict[Cell, Future[Outcome]]) -> Look:
    """Give what finds the outcome of a cell."""
    return lambda cell: waited[cell].result() if cell in waited else run(cell, server)


@pytest.mark.parametrize("cell", [*cells(), *second_cells()], ids=str)
def test_a_backend_meets_a_fault(cell: Cell, look: Look) -> None:
    """The reply is what the scenario wants, soon, with no more requests than it takes."""
    wanted, outcome = cell.wanted, look(cell)
    {"error": _is_error, "flag": _is_flagged}.get(wanted.want, _is_exact)(cell, outcome)
    _is_clean(cell, outcome)
    _was_asked_right(cell, outcome)
    assert outcome.seconds < SOON
    assert all(request.wait() for request in outcome.requests), "a connection stays open"


def _was_asked_right(cell: Cell, outcome: Outcome) -> None:
    """No more requests came than it takes, nobody else was asked, and a wished wait was kept."""
    wanted = cell.wanted
    resent = cell.second and cell.scenario == "close_before_headers_always"  # not an attempt
    assert len(outcome.requests) <= wanted.max_requests + resent
    assert outcome.strays == []
    if wanted.min_wait:
        first, second, *_ = outcome.requests
        assert second.arrived - first.arrived >= wanted.min_wait


def _is_exact(cell: Cell, outcome: Outcome) -> None:
    if outcome.error is not None:
        raise outcome.error
    assert outcome.text == cell.wanted.expected
    assert outcome.reply.text == outcome.text
    assert outcome.reply.finish_reason == cell.wanted.reason
    assert outcome.reply.reasoning.strip() == cell.wanted.reasoning.strip()
    if cell.wanted.want == "retry":
        assert len(outcome.requests) > 1


def _is_error(cell: Cell, outcome: Outcome) -> None:
    assert isinstance(outcome.error, TYPED), f"{outcome.error!r} after {outcome.text[:200]!r}"
    assert outcome.reply.finish_reason is None
    assert str(outcome.error).strip()
    assert len(str(outcome.error)) < LONGEST, "nobody reads so long an error"


def _is_flagged(cell: Cell, outcome: Outcome) -> None:
    assert outcome.reply.finish_reason == cell.wanted.reason
    assert outcome.text == cell.wanted.expected
    if cell.wanted.expected:
        assert outcome.error is None
    else:
        assert isinstance(outcome.error, EmptyReplyError)
    assert _calls(outcome) == cell.wanted.calls


def _calls(outcome: Outcome) -> tuple[tuple[str, str], ...]:
    functions = [call["function"] for call in outcome.reply.tool_calls]
    return tuple((function["name"], function["arguments"]) for function in functions)


def _is_clean(cell: Cell, outcome: Outcome) -> None:
    """Values are valid, parts of one answer, and no secret shows."""
    wanted = cell.wanted
    whole = (wanted.expected or TEXT, wanted.first)
    for value in set(outcome.values):
        value.encode()
        endless = cell.scenario.startswith("endless") and set(value) == {"y"}
        assert endless or any(text.startswith(value) for text in whole), value[:500]
    assert KEY not in outcome.shown()


#: What would keep a processor or a thread of LangChain's client busy for as long as it comes.
_ENDLESS = ("endless", "gzip_bomb", "many_chunks")


def _through_langchain() -> Iterator[Cell]:
    for cell in cells(THROUGH_CLIENTS):
        if not cell.scenario.startswith(_ENDLESS):
            yield cell


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # of its blocks of content
@pytest.mark.parametrize("cell", list(_through_langchain()), ids=str)
def test_langchain_meets_a_fault(cell: Cell, look: Look) -> None:
    """The reply is what the scenario wants, or exactly what its client leaves of it."""
    outcome, limit = look(cell), LIMITS.get(cell.scenario)
    comes = limit.comes if limit else ""
    may_stay_open = comes == "stays open" and cell.colour == "sync"
    assert _through_client(cell, outcome) == comes.replace("stays open", "")
    # A sync client's thread may go on to read until the client's own clock ends it.
    assert may_stay_open or all(request.wait(SOON) for request in outcome.requests)
    if comes != "wrong":
        _is_clean(cell, outcome)
    assert outcome.seconds < SOON
    if not limit:
        _was_asked_right(cell, outcome)


def _through_client(cell: Cell, outcome: Outcome) -> str:
    """Say what is not as wanted, in the words of `LIMITS`; `""` is as wanted."""
    wanted, error, reply = cell.wanted, outcome.error, outcome.reply
    if wanted.want == "error":
        if error is None:
            return "wrong"
        assert reply.finish_reason is None
        return "long error" if len(str(error)) > LONGEST else ""
    if error is not None and not isinstance(error, EmptyReplyError):
        return "error"
    found = (outcome.text, reply.finish_reason, _calls(outcome))
    if found != (wanted.expected, wanted.reason, wanted.calls):
        return "wrong"
    return "" if reply.reasoning.strip() == wanted.reasoning.strip() else "no reasoning"
