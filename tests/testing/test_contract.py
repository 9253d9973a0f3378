"""What `BackendContract` says to somebody who has written half of a backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, ClassVar

import pytest

from chatadapters import Backend, Finish, IncompleteStreamError, Message, Reader, Text, make_predict
from chatadapters.testing import BackendContract, ScriptedBackend


class WordReader(Reader):
    def feed(self, chunk: str) -> list[Any]:
        return [Text(chunk)]

    def finish(self) -> list[Any]:
        return [Finish("stop")]


@dataclass(frozen=True)
class Whole(Backend):
    """A backend in which nothing is missing."""

    name: ClassVar[str] = "whole"
    key: str = field(default="", repr=False)

    def build(self, conversation: Sequence[Message], options: Mapping[str, Any]) -> str:
        return "Your name is Ada."

    def reader(self) -> Reader:
        return WordReader()

    def stream(self, payload: Any, timeout: Any) -> Iterator[str]:
        yield from payload.split(" ")

    async def astream(self, payload: Any, timeout: Any) -> Any:
        for word in payload.split(" "):
            yield word

    def secrets(self) -> Sequence[str]:
        return [self.key]


class Empty(Backend):
    """The beginning of every backend."""


class Nameless(Whole):
    name: ClassVar[str] = "backend"


class Identity(Whole):
    __eq__ = object.__eq__
    __hash__ = object.__hash__


class Held(Whole):
    def __getstate__(self) -> Any:
        raise TypeError("cannot pickle a client")


COUNT = count()


class Impure(Whole):
    def build(self, conversation: Sequence[Message], options: Mapping[str, Any]) -> str:
        return f"Your name is Ada {next(COUNT)}."


ONE = WordReader()


class Shared(Whole):
    def reader(self) -> Reader:
        return ONE


class NoReader(Whole):
    def reader(self) -> Any:
        return list


class Talkative(Whole):
    def __repr__(self) -> str:
        return f"Talkative({self.key})"


class Short(Whole):
    def build(self, conversation: Sequence[Message], options: Mapping[str, Any]) -> str:
        return "Ada."


class Silent(Whole):
    def reader(self) -> Reader:
        class Nothing(WordReader):
            def feed(self, chunk: str) -> list[Any]:
                return []

        return Nothing()


class OtherTwin(Whole):
    async def astream(self, payload: Any, timeout: Any) -> Any:
        yield "Something else."


class NoFeed(Whole):
    def reader(self) -> Reader:
        return Reader()


class NeverFinishes(Whole):
    def reader(self) -> Reader:
        class Open(WordReader):
            def finish(self) -> list[Any]:
                return []

        return Open()


def contract(cls: Callable[[], Backend]) -> BackendContract:
    class Under(BackendContract):
        def backend(self) -> Backend:
            return cls()

    return Under()


def with_key() -> Backend:
    return Talkative(key="sk-1")


CASES = [
    (Nameless, "test_it_has_a_name", 'add `name: ClassVar[str] = "mine"`'),
    (Identity, "test_it_is_a_value", "make it a dataclass"),
    (Held, "test_it_can_be_pickled", "hold configuration only"),
    (Impure, "test_build_is_pure", "it must be pure"),
    (Shared, "test_a_reader_is_fresh_for_each_attempt", "gave the same object twice"),
    (NoReader, "test_a_reader_is_fresh_for_each_attempt", "not a chatadapters.Reader"),
    (with_key, "test_its_repr_has_no_secret", "field(repr=False)"),
    (Short, "test_a_stop_sequence_cuts", "shorter than 10 characters"),
    (Silent, "test_the_views_agree", "has no text"),
    (OtherTwin, "test_the_async_views_agree", "astream() gives another text than stream()"),
    (Empty, "test_build_is_pure", "Empty has no build(conversation, options) of its own"),
    (Empty, "test_a_reader_is_fresh_for_each_attempt", "Empty has no reader() of its own"),
    (NoFeed, "test_the_views_agree", "Reader has no feed(chunk) of its own"),
    (NeverFinishes, "test_it_says_how_it_finished", "before the provider said that the reply is"),
]


@pytest.mark.parametrize(("half", "name", "says"), CASES, ids=lambda value: str(value)[:40])
def test_what_is_missing_is_said_in_words(half: Any, name: str, says: str) -> None:
    """Each half-written backend fails one test, with a sentence about what to write."""
    under = contract(half)
    test = getattr(under, name)
    taken = test.__code__.co_varnames[: test.__code__.co_argcount]
    predict = make_predict(under.backend(), pace=0) if len(taken) > 1 else None
    given = (predict,) if predict is not None else ()
    with pytest.raises((AssertionError, NotImplementedError, IncompleteStreamError)) as caught:
        test(*given)
    assert says in str(caught.value)


class TestWhole(BackendContract):
    """A whole backend passes all of it."""

    def backend(self) -> Backend:
        return Whole()


class TestScripted(BackendContract):
    """So does the scripted one, which is what newcomers look at first."""

    def backend(self) -> Backend:
        return ScriptedBackend("Your name is Ada, I think.")
