"""The tests every backend must pass; subclass `BackendContract` to run them on yours."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from typing import Any

import pytest

from .._backend import Backend, Reader
from .._events import Finish, Text
from .._predict import make_predict
from .._protocols import Predict

HISTORY = [
    {"role": "user", "content": "My name is Ada."},
    {"role": "assistant", "content": "Hello Ada."},
]
MESSAGE = "What is my name?"


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

    @pytest.fixture
    async def apredict(self) -> AsyncIterator[Predict]:
        """The same, closed in the event loop too."""
        predict = make_predict(self.backend(), pace=0, **self.options())
        yield predict
        await predict.aio.close()
        predict.close()

    def test_it_has_a_name(self) -> None:
        """The name says in events and errors who answered."""
        assert self.backend().name not in ("", Backend.name)

    def test_it_is_a_value(self) -> None:
        """Backends with the same configuration are equal, so that they can be shared."""
        assert self.backend() == self.backend()

    def test_it_can_be_pickled(self) -> None:
        """A backend travels to other processes."""
        backend = self.backend()
        assert type(pickle.loads(pickle.dumps(backend))) is type(backend)

    def test_build_is_pure(self, predict: Predict) -> None:
        """Building twice gives the same, and the caller's history stays as it was."""
        history = copy.deepcopy(HISTORY)
        assert predict.build(MESSAGE, history) == predict.build(MESSAGE, history)
        assert history == HISTORY

    def test_a_reader_is_fresh_for_each_attempt(self) -> None:
        """Readers share no state, because one backend serves many replies at once."""
        backend = self.backend()
        assert isinstance(backend.reader(), Reader)
        assert backend.reader() is not backend.reader()

    def test_predict_is_what_chat_uis_look_for(self, predict: Predict) -> None:
        """It is a real generator function, and its twin a real async one."""
        assert inspect.isgeneratorfunction(predict)
        assert inspect.isasyncgenfunction(predict.aio)

    def test_the_views_agree(self, predict: Predict) -> None:
        """Growing strings, deltas, events and the whole reply are one text."""
        reply = predict.complete(MESSAGE, HISTORY)
        growing = list(predict(MESSAGE, HISTORY))
        assert reply.text
        assert growing[-1] == reply.text
        assert all(reply.text.startswith(value) for value in growing)
        assert "".join(predict.deltas(MESSAGE, HISTORY)) == reply.text
        events = list(predict.events(MESSAGE, HISTORY))
        assert "".join(e.delta for e in events if isinstance(e, Text)) == reply.text

    async def test_the_async_views_agree(self, apredict: Predict) -> None:
        """The async twin gives the same text in every view as the sync one."""
        predict, aio = apredict, apredict.aio
        text = predict.complete(MESSAGE, HISTORY).text
        assert (await aio.complete(MESSAGE, HISTORY)).text == text
        assert [value async for value in aio(MESSAGE, HISTORY)][-1] == text
        assert "".join([delta async for delta in aio.deltas(MESSAGE, HISTORY)]) == text
        events = [event async for event in aio.events(MESSAGE, HISTORY)]
        assert "".join(e.delta for e in events if isinstance(e, Text)) == text

    def test_it_says_how_it_finished(self, predict: Predict) -> None:
        """The last event is a finish that names the backend."""
        *_, last = predict.events(MESSAGE, HISTORY)
        assert isinstance(last, Finish)
        assert last.reason
        assert last.backend == self.backend().name

    def test_a_stop_sequence_cuts(self, predict: Predict) -> None:
        """The reply ends before a stop sequence, whatever the provider does."""
        whole = predict.complete(MESSAGE, HISTORY).text
        stop = whole[3:6]
        cut = predict.using(stop=stop).complete(MESSAGE, HISTORY)
        assert cut.text == whole[: whole.index(stop)]

    def test_it_can_be_closed_in_the_middle(self, predict: Predict) -> None:
        """A reply that nobody wants any more ends without an error."""
        with closing(predict.deltas(MESSAGE, HISTORY)) as deltas:
            assert next(deltas)
        assert predict.complete(MESSAGE, HISTORY).text

    async def test_it_can_be_closed_in_the_middle_async(self, apredict: Predict) -> None:
        """The same for the async twin."""
        async with aclosing(apredict.aio.deltas(MESSAGE, HISTORY)) as deltas:
            assert await anext(deltas)
        assert (await apredict.aio.complete(MESSAGE, HISTORY)).text

    def test_its_repr_has_no_secret(self) -> None:
        """A key never shows where a backend is printed."""
        backend = self.backend()
        assert not [key for key in backend.secrets() if key and key in repr(backend)]
