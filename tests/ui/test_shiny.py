from __future__ import annotations

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from chatadapters import Finish, Predict, Reasoning
from chatadapters.testing import Pause
from chatadapters.ui import for_shiny
from tests.ui.asked import IMAGE, answering, asked
from tests.ui_shapes import PNG_URL, ShinyAttachment


class Chat:
    """What shinychat's `Chat` does with a handler, in a session of Shiny."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.id, self.on_error = "chat", "actual"
        self.turns: list[dict[str, Any]] = []
        self.told: list[str] = []
        self.effects: dict[str, Callable[[], None]] = {}
        self.latest_message_stream = self
        self.stream: Any = None
        session = SimpleNamespace(input=_Inputs())
        stand_ins = {
            "shiny.reactive": SimpleNamespace(event=self._event, effect=lambda function: function),
            "shiny.session": SimpleNamespace(require_active_session=lambda _: session),
            "shiny.module": SimpleNamespace(ResolvedId=str),
            "shiny.ui": SimpleNamespace(notification_show=self._notify),
        }
        for name, stand_in in stand_ins.items():
            monkeypatch.setitem(sys.modules, name, stand_in)

    def _event(self, name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
        return lambda function: self.effects.setdefault(name, function)

    def _notify(self, text: str, **look: Any) -> None:
        assert look["type"] == "error"
        self.told.append(text)

    def messages(self) -> tuple[dict[str, Any], ...]:
        return tuple(self.turns)

    async def append_message_stream(self, stream: Any) -> None:
        self.stream, text = stream, ""
        try:
            async for chunk in stream:
                text += chunk
        finally:
            self.turns.append({"content": text, "role": "assistant"})

    def cancel(self) -> None:
        self.told.append("cancelled")

    async def submit(self, handler: Any, text: str, *files: Any) -> str:
        turn = {"content": text, "role": "user"}
        self.turns.append({**turn, "attachments": [*files]} if files else turn)
        await handler(text, [*files])
        content: str = self.turns[-1]["content"]
        return content


class _Inputs:
    def __getitem__(self, name: str) -> str:
        return name


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Chat:
    return Chat(monkeypatch)


async def test_a_conversation(chat: Chat) -> None:
    """Deltas make the answer; what was said before is sent, files included."""
    backend, predict = answering()
    handler = for_shiny(predict, chat)
    image = ShinyAttachment("image/png", "px.png", PNG_URL)
    assert await chat.submit(handler, "look", image) == "Hello you"
    await chat.submit(handler, "second")
    (_, (sent, _)), *others = asked(backend)
    assert sent == IMAGE
    assert others == [("assistant", "Hello you"), ("user", "second")]


async def test_inputs(chat: Chat) -> None:
    """The values of additional inputs come from a callable."""
    backend, predict = answering(additional_inputs=("temperature",))
    await chat.submit(for_shiny(predict, chat, inputs=lambda: {"temperature": 0.5}), "hi")
    assert backend.requests[-1]["temperature"] == 0.5


async def test_reasoning_stands_between_tags(chat: Chat) -> None:
    """Reasoning is marked as shinychat reads it, and not sent back."""
    backend, predict = answering([Reasoning("Hm"), "Yes", Finish("stop")], show_reasoning=True)
    handler = for_shiny(predict, chat)
    assert await chat.submit(handler, "hi") == "<thinking>Hm</thinking>\n\nYes"
    await chat.submit(handler, "second")
    assert asked(backend) == [("user", "hi"), ("assistant", "Yes"), ("user", "second")]


async def test_a_tag_that_embeds_a_page_is_text(chat: Chat) -> None:
    """In whatever pieces it comes; the model gets its own text back."""
    backend, predict = answering(["Look: <if", "rame src=x> <", Finish("stop")])
    handler = for_shiny(predict, chat)
    assert await chat.submit(handler, "hi") == "Look: <\u200biframe src=x> <"
    await chat.submit(handler, "second")
    assert asked(backend)[1] == ("assistant", "Look: <iframe src=x> <")


def failing() -> Predict:
    return answering(["Well", PermissionError("no")])[1]


async def test_an_error_is_a_notification(chat: Chat) -> None:
    """What came of the answer is kept, and the error is told beside it."""
    assert await chat.submit(for_shiny(failing(), chat), "hi") == "Well"
    assert chat.told == ["PermissionError: no"]


@pytest.mark.parametrize("rule", ["sanitize", "unhandled"])
async def test_an_app_that_hides_errors(chat: Chat, rule: str) -> None:
    """Where the app asks that errors are hidden or its own, they are left to Shiny."""
    chat.on_error = rule
    with pytest.raises(PermissionError):
        await chat.submit(for_shiny(failing(), chat), "hi")
    assert chat.told == []


def test_the_stop_button_cancels(chat: Chat) -> None:
    """The button's input is wired to the answer in progress."""
    for_shiny(answering()[1], chat)
    chat.effects["chat_cancel"]()
    assert chat.told == ["cancelled"]


async def test_stop_ends_the_providers_work(chat: Chat) -> None:
    """Closing the stream closes the provider's."""
    backend, predict = answering(["Well", Pause(60)])
    streams: list[Any] = []

    async def begin(stream: Any) -> None:
        streams.append(stream)
        await anext(stream)

    chat.append_message_stream = begin  # type: ignore[method-assign]
    await for_shiny(predict, chat)("hi", [])
    await streams[0].aclose()
    assert len(backend.closed) == 1
