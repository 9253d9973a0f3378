from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from chatadapters import Finish, Reasoning
from chatadapters.testing import Pause
from chatadapters.ui import for_panel
from tests.ui.asked import IMAGE, answering, asked, listed
from tests.ui_shapes import PNG, PanelMessage


@dataclass
class Step:
    """What Panel's `ChatStep` does here."""

    status: str
    shown: list[str] = field(default_factory=list)

    def stream(self, token: str, replace: bool = False) -> None:
        assert replace
        self.shown.append(token)


class Feed:
    """What `pn.chat.ChatInterface` hands over as the instance."""

    user = "User"

    def __init__(self, *objects: Any, callback_exception: str = "summary") -> None:
        self.objects = list(objects)
        self.callback_exception = callback_exception
        self.steps: list[Step] = []

    def send(self, value: str, *, user: str, respond: bool) -> None:
        assert not respond
        self.objects.append(PanelMessage(value, user))

    def add_step(self, *, user: str, status: str, **look: Any) -> Step:
        self.objects.append(PanelMessage(look["default_title"], user))
        self.steps.append(Step(status))
        return self.steps[-1]


@dataclass
class FileInput:
    """What a file that was sent is."""

    contents: bytes
    file_name: str
    mime_type: str


@dataclass
class Pane:
    """A message that is not text."""

    user: str
    object: Any = None

    def serialize(self) -> str:
        return "a plot"


async def test_the_feed_is_the_history() -> None:
    """Values grow, and the conversation is what the feed shows, asides left out."""
    backend, predict = answering()
    feed = Feed(
        PanelMessage("How to use this", "Help"),
        PanelMessage("hi"),
        PanelMessage("Hello", "Assistant"),
        PanelMessage("Encountered `ValueError('boom')`.", "Exception"),
        PanelMessage("second"),
        PanelMessage("", " "),
    )
    assert await listed(for_panel(predict)("second", "User", feed)) == ["Hello", "Hello you"]
    assert asked(backend) == [("user", "hi"), ("assistant", "Hello"), ("user", "second")]


async def test_names_are_whatever_they_are() -> None:
    """Who sent the message is the user, however called; everyone else answers."""
    backend, predict = answering()
    feed = Feed(PanelMessage("hi", "Ann"), PanelMessage("Hello", "Bot"), PanelMessage("2", "Ann"))
    await listed(for_panel(predict)("2", "Ann", feed))
    assert [role for role, _ in asked(backend)] == ["user", "assistant", "user"]


async def test_files_and_other_things() -> None:
    """A file is sent as such, and what is no text as the text Panel has for it."""
    backend, predict = answering()
    feed = Feed(
        PanelMessage(FileInput(PNG, "px.png", "image/png")),
        PanelMessage("Nice", "Assistant"),
        Pane("Assistant"),
        PanelMessage(FileInput(b"a note", "note.txt", "text/plain")),
    )
    await listed(for_panel(predict)("a note", "User", feed))
    (_, image), (_, said), (_, note) = asked(backend)
    assert (image, said) == ((IMAGE,), "Nice\n\na plot")
    assert note[0].text == "a note"


async def test_an_empty_feed() -> None:
    """A callback that is asked without a feed to read answers what it was given."""
    backend, predict = answering()
    await listed(for_panel(predict)("hi", "User", Feed()))
    assert asked(backend) == [("user", "hi")]


async def test_inputs_are_asked_for_each_message() -> None:
    """Widgets are read when a message is sent."""
    backend, predict = answering(additional_inputs=("temperature",))
    values = iter((0.5, 0.6))
    callback = for_panel(predict, inputs=lambda: {"temperature": next(values)})
    await listed(callback("hi", "User", Feed()))
    await listed(callback("hi", "User", Feed()))
    assert [request["temperature"] for request in backend.requests] == [0.5, 0.6]


async def test_reasoning_is_a_step() -> None:
    """Reasoning grows in a step of its own, which ends when the answer begins."""
    script = [Reasoning("Hm"), Reasoning("m."), "Yes", Finish("stop")]
    _, predict = answering(script, show_reasoning=True)
    feed = Feed(PanelMessage("hi"))
    assert await listed(for_panel(predict)("hi", "User", feed)) == ["Yes"]
    assert feed.steps == [Step("success", ["Hm", "Hmm."])]


async def test_reasoning_is_not_sent_back() -> None:
    """The step of an earlier answer is no part of the conversation."""
    backend, predict = answering()
    feed = Feed(PanelMessage("hi"), PanelMessage("Hmm.", "Thinking"), PanelMessage("Yes", "Bot"))
    await listed(for_panel(predict)("2", "User", Feed(*feed.objects, PanelMessage("2"))))
    assert asked(backend) == [("user", "hi"), ("assistant", "Yes"), ("user", "2")]


async def test_an_error_is_told_below_the_answer() -> None:
    """An error is a message of its own, in one line, and is not sent later."""
    backend, predict = answering(["Well", PermissionError("no")], "Yes")
    feed = Feed(PanelMessage("hi"))
    assert await listed(for_panel(predict)("hi", "User", feed)) == ["Well"]
    assert feed.objects[-1] == PanelMessage("PermissionError: no", "Exception")
    feed.objects.append(PanelMessage("2"))
    await listed(for_panel(predict)("2", "User", feed))
    assert asked(backend) == [("user", "hi\n\n2")]


async def test_errors_are_panels_where_it_was_told_how() -> None:
    """With another `callback_exception`, an error reaches Panel, after what came of the answer."""
    _, predict = answering(["Well", PermissionError("no")])
    replies = for_panel(predict)("hi", "User", Feed(callback_exception="verbose"))
    assert await anext(replies) == "Well"
    with pytest.raises(PermissionError):
        await anext(replies)


async def test_stop_ends_the_providers_work() -> None:
    """Closing the callback's generator closes the stream."""
    backend, predict = answering(["Well", Pause(60)])
    replies = for_panel(predict)("hi", "User", Feed())
    await anext(replies)
    await replies.aclose()
    assert len(backend.closed) == 1
