from __future__ import annotations

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from chatadapters import Finish, Predict, Reasoning
from chatadapters.testing import Pause
from chatadapters.ui import for_shiny
from chatadapters.ui._refused import REFUSED
from tests.ui.asked import IMAGE, Refusal, answering, asked
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
        }
        for name, stand_in in stand_ins.items():
            monkeypatch.setitem(sys.modules, name, stand_in)

    def _event(self, name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
        return lambda function: self.effects.setdefault(name, function)

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


async def test_an_error_is_told_below(chat: Chat) -> None:
    """What came of the answer is kept and sent with the next message, the error is not."""
    backend, predict = answering(["Well", PermissionError("no <iframe>")], "Yes")
    handler = for_shiny(predict, chat)
    told = "Well\n\n\u2063⚠️ PermissionError: no <\u200biframe>"
    assert await chat.submit(handler, "hi") == told
    await chat.submit(handler, "second")
    assert asked(backend) == [("user", "hi"), ("assistant", "Well"), ("user", "second")]


async def test_an_error_in_mid_thought(chat: Chat) -> None:
    """The error does not stand among the thoughts."""
    backend, predict = answering(
        [Reasoning("Hm"), PermissionError("no")], "Yes", show_reasoning=True
    )
    handler = for_shiny(predict, chat)
    told = "<thinking>Hm</thinking>\n\n\u2063⚠️ PermissionError: no"
    assert await chat.submit(handler, "hi") == told
    await chat.submit(handler, "second")
    assert asked(backend) == [("user", "hi\n\nsecond")]


async def test_a_refused_message_is_not_sent_again(chat: Chat) -> None:
    """The chat says so above the error."""
    backend, predict = answering([Refusal("no pictures")], "Yes")
    handler = for_shiny(predict, chat)
    image = ShinyAttachment("image/png", "px.png", PNG_URL)
    assert (await chat.submit(handler, "look", image)).startswith(REFUSED + "\n\n")
    await chat.submit(handler, "second")
    assert asked(backend) == [("user", "second")]


@pytest.mark.parametrize("rule", ["sanitize", "unhandled"])
async def test_an_app_that_hides_errors(chat: Chat, rule: str) -> None:
    """Where the app asks that errors are hidden or its own, they are left to Shiny."""
    chat.on_error = rule
    with pytest.raises(PermissionError):
        await chat.submit(for_shiny(failing(), chat), "hi")
    assert chat.turns[-1]["content"] == "Well"


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
