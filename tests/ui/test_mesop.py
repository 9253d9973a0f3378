from __future__ import annotations

from typing import Any

import pytest

from chatadapters import OptionError, echo_predict
from chatadapters.testing import Pause
from chatadapters.ui import for_mesop
from chatadapters.ui._refused import REFUSED
from tests.ui.asked import Refusal, answering, asked
from tests.ui_shapes import MesopMessage


class Page:
    """What Mesop's chat does with a transform."""

    def __init__(self, transform: Any) -> None:
        self.transform = transform
        self.output: list[MesopMessage] = []

    def submit(self, message: str) -> str:
        self.output.append(MesopMessage("user", message))
        given = self.transform(message, self.output)
        answer = MesopMessage("assistant")
        self.output.append(answer)
        for content in given:
            answer.content += content
        return answer.content


def test_a_conversation() -> None:
    """Deltas make the answer, and the next message is sent with what was said."""
    backend, predict = answering("Hello", "And you")
    page = Page(for_mesop(predict))
    assert page.submit("hi") == "Hello"
    assert page.submit("second") == "And you"
    assert asked(backend) == [("user", "hi"), ("assistant", "Hello"), ("user", "second")]


def test_an_error_is_told_and_not_sent_back() -> None:
    """Nothing is raised; the error stands below the answer, for the person alone."""
    backend, predict = answering(["It went", PermissionError("no key")], "Hello")
    page = Page(for_mesop(predict))
    assert page.submit("hi").endswith("It went\n\n\u2063⚠️ PermissionError: no key")
    assert page.submit("second") == "Hello"
    assert asked(backend) == [("user", "hi"), ("assistant", "It went"), ("user", "second")]


def test_an_error_before_any_text() -> None:
    """An error that comes first leaves no turn behind."""
    backend, predict = answering([PermissionError("no")], "Hello")
    page = Page(for_mesop(predict))
    assert page.submit("hi") == "\u2063⚠️ PermissionError: no"
    page.submit("second")
    assert asked(backend) == [("user", "hi\n\nsecond")]


def test_a_refused_message_is_not_sent_again() -> None:
    """The chat says so above the error."""
    backend, predict = answering([Refusal("too long")], "Hello")
    page = Page(for_mesop(predict))
    assert page.submit("long") == f"{REFUSED}\n\n\u2063⚠️ Refusal: too long"
    page.submit("second")
    assert asked(backend) == [("user", "second")]


def test_inputs() -> None:
    """The values of additional inputs come from a callable, whose errors are told too."""
    backend, predict = answering(additional_inputs=("temperature",))
    Page(for_mesop(predict, inputs=lambda: {"temperature": 0.5})).submit("hi")
    assert backend.requests[-1]["temperature"] == 0.5
    told = Page(for_mesop(predict, inputs=lambda: {"top_k": 3})).submit("hi")
    assert "unexpected or repeated argument 'top_k'" in told


def test_leaving_ends_the_providers_work() -> None:
    """Closing the generator closes the stream."""
    backend, predict = answering(["Well", Pause(60)])
    given = for_mesop(predict)("hi", [])
    assert next(given) == "Well"
    given.close()
    assert len(backend.closed) == 1


def test_it_takes_no_async_predict() -> None:
    """Mesop runs sync generators only, which is said where the transform is made."""
    with pytest.raises(OptionError, match="for_mesop takes a predict as a factory makes it"):
        for_mesop(echo_predict().aio)  # type: ignore[arg-type]
