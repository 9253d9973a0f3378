"""The tests every backend must pass; subclass `BackendContract` to run them on yours."""

from __future__ import annotations

import asyncio
import copy
import inspect
import pickle
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, closing
from typing import Any

import pytest

from .._backend import Backend, Reader
from .._events import Finish, Text
from .._predict import make_predict
from .._protocols import AsyncPredict, Predict

HISTORY = [
    {"role": "user", "content": "My name is Ada."},
    {"role": "assistant", "content": "Hello Ada."},
]
MESSAGE = "What is my name?"
_LEAST = 10


class BackendContract:
    """Tests of a backend against a real or a served provider.

    Subclass it in a test module and override `backend`, and `options` where the provider
    needs some, so that a reply has at least ten characters and ends by itself.

    Example:
        >>> from chatadapters.testing import ScriptedBackend
        >>> class TestMine(BackendContract):
        ...     def backend(self):
        ...         return ScriptedBackend("Your name is Ada.")
    """

    def backend(self) -> Backend:
        """Give the backend under test, equal at each call."""
        raise NotImplementedError("override backend() to give the backend under test")

    def options(self) -> dict[str, Any]:
        """Give the options of the requests, such as `{"temperature": 0}`."""
        return {}

    @pytest.fixture
    def predict(self) -> Iterator[Predict]:
        """The predict of the backend, closed after the test."""
        predict = make_predict(self.backend(), pace=0, **self.options())
        yield predict
        predict.close()

    def test_it_has_a_name(self) -> None:
        """The name says in events and errors who answered."""
        name = self.backend().name
        assert name not in ("", Backend.name), (
            f'{_kind(self)} has no name of its own: add `name: ClassVar[str] = "mine"` to it'
        )

    def test_it_is_a_value(self) -> None:
        """Backends with the same configuration are equal, so that they can be shared."""
        assert self.backend() == self.backend(), (
            f"two {_kind(self)} with the same configuration are not equal: make it a dataclass, "
            "`@dataclass(frozen=True)`"
        )

    def test_it_can_be_pickled(self) -> None:
        """A backend travels to other processes."""
        backend = self.backend()
        try:
            copied = pickle.loads(pickle.dumps(backend))
        except Exception as error:
            raise AssertionError(
                f"{_kind(self)} cannot be pickled ({error}): hold configuration only, make clients "
                "when a message needs them, and define the class at the top of a module"
            ) from error
        assert type(copied) is type(backend)

    def test_build_is_pure(self, predict: Predict) -> None:
        """Building twice gives the same, and the caller's history stays as it was."""
        history = copy.deepcopy(HISTORY)
        first, second = predict.build(MESSAGE, history), predict.build(MESSAGE, history)
        assert first == second, "build() gave two payloads for one conversation: it must be pure"
        assert history == HISTORY, "build() changed the history of its caller"

    def test_a_reader_is_fresh_for_each_attempt(self) -> None:
        """Readers share no state, because one backend serves many replies at once."""
        backend = self.backend()
        reader = backend.reader()
        assert isinstance(reader, Reader), f"reader() gave {reader!r}, not a chatadapters.Reader"
        assert reader is not backend.reader(), (
            "reader() gave the same object twice: give a new one, because replies run at once"
        )

    def test_predict_is_what_chat_uis_look_for(self, predict: Predict) -> None:
        """It is a real generator function, and its twin a real async one."""
        assert inspect.isgeneratorfunction(predict)
        assert inspect.isasyncgenfunction(predict.aio)

    def test_the_views_agree(self, predict: Predict) -> None:
        """Growing strings, deltas, events and the whole reply are one text."""
        reply = predict.complete(MESSAGE, HISTORY)
        growing = list(predict(MESSAGE, HISTORY))
        assert reply.text, "the reply has no text: does feed() give Text(...) events?"
        assert growing[-1] == reply.text, (
            "two replies to one question differ: give options() that make the answer certain, "
            "such as temperature 0"
        )
        assert all(reply.text.startswith(value) for value in growing)
        assert "".join(predict.deltas(MESSAGE, HISTORY)) == reply.text
        events = list(predict.events(MESSAGE, HISTORY))
        assert "".join(e.delta for e in events if isinstance(e, Text)) == reply.text

    def test_the_async_views_agree(self, predict: Predict) -> None:
        """The async twin gives the same text in every view as the sync one."""
        text = predict.complete(MESSAGE, HISTORY).text

        async def agree(aio: AsyncPredict) -> None:
            assert (await aio.complete(MESSAGE, HISTORY)).text == text, (
                "astream() gives another text than stream()"
            )
            assert [value async for value in aio(MESSAGE, HISTORY)][-1] == text
            assert "".join([delta async for delta in aio.deltas(MESSAGE, HISTORY)]) == text
            events = [event async for event in aio.events(MESSAGE, HISTORY)]
            assert "".join(e.delta for e in events if isinstance(e, Text)) == text

        _run(agree, predict)

    def test_it_says_how_it_finished(self, predict: Predict) -> None:
        """The last event is a finish that names the backend."""
        *_, last = predict.events(MESSAGE, HISTORY)
        assert isinstance(last, Finish)
        assert last.reason
        assert last.backend == self.backend().name

    def test_a_stop_sequence_cuts(self, predict: Predict) -> None:
        """The reply ends before a stop sequence, whatever the provider does."""
        whole = predict.complete(MESSAGE, HISTORY).text
        assert len(whole) >= _LEAST, f"{whole!r} is shorter than {_LEAST} characters: ask for more"
        stop = whole[3:6]
        cut = predict.using(stop=stop).complete(MESSAGE, HISTORY)
        assert cut.text == whole[: whole.index(stop)]

    def test_it_can_be_closed_in_the_middle(self, predict: Predict) -> None:
        """A reply that nobody wants any more ends without an error."""
        with closing(predict.deltas(MESSAGE, HISTORY)) as deltas:
            assert next(deltas)
        assert predict.complete(MESSAGE, HISTORY).text

    def test_it_can_be_closed_in_the_middle_async(self, predict: Predict) -> None:
        """The same for the async twin."""

        async def leave(aio: AsyncPredict) -> None:
            async with aclosing(aio.deltas(MESSAGE, HISTORY)) as deltas:
                assert await anext(deltas)
            assert (await aio.complete(MESSAGE, HISTORY)).text

        _run(leave, predict)

    def test_its_repr_has_no_secret(self) -> None:
        """A key never shows where a backend is printed."""
        backend = self.backend()
        shown = [key for key in backend.secrets() if key and key in repr(backend)]
        assert not shown, (
            f"the repr of {_kind(self)} shows a key: declare it as `field(repr=False)`"
        )


def _run(check: Callable[[AsyncPredict], Awaitable[None]], predict: Predict) -> None:
    """Run a check in an event loop of its own, so that pytest needs no plugin for it."""

    async def closed() -> None:
        try:
            await check(predict.aio)
        finally:
            await predict.aio.close()

    asyncio.run(closed())


def _kind(contract: BackendContract) -> str:
    return type(contract.backend()).__name__
