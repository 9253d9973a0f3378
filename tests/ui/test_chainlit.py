from __future__ import annotations

import sys
from asyncio import CancelledError, Event, create_task, wait_for
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Self

import pytest

from chatadapters import Finish, Reasoning
from chatadapters.testing import Pause
from chatadapters.ui import for_chainlit
from tests.ui.asked import IMAGE, answering, asked
from tests.ui_shapes import PNG, ChainlitElement


@dataclass(eq=False)
class Said:
    """A message or a step of Chainlit; it is in the conversation once it was sent."""

    content: str = ""
    type: str = "assistant_message"
    elements: list[Any] = field(default_factory=list)
    name: str = ""
    is_error: bool = False
    streaming: bool = False
    ended: bool = False
    session: Session | None = None
    output: str = ""

    @property
    def id(self) -> int:
        return id(self)

    async def stream_token(self, token: str, is_sequence: bool = False) -> None:
        assert is_sequence
        assert token
        self.content, self.streaming = token, True
        if self.session:
            self.session.streaming.set()

    async def send(self) -> None:
        assert self.session
        self.session.context.append(self)
        self.streaming = False

    async def __aenter__(self) -> Self:
        assert self.session
        self.session.steps.append(self)
        return self

    async def __aexit__(self, *error: object) -> None:
        self.ended = True


class Session(ModuleType):
    """What an app sees of Chainlit in one session."""

    def __init__(self) -> None:
        super().__init__("chainlit")
        self.context: list[Said] = []
        self.steps: list[Said] = []
        self.settings: dict[str, Any] = {}
        self.user_session = self
        self.chat_context = self
        self.streaming = Event()

    def get(self, name: str | None = None) -> Any:
        return [*self.context] if name is None else self.settings

    def Message(self, content: str) -> Said:
        return Said(content, session=self)

    def ErrorMessage(self, content: str) -> Said:
        return Said(content, is_error=True, session=self)

    def Step(self, **fields: str) -> Said:
        return Said(**fields, session=self)  # type: ignore[arg-type] # all are strings

    async def user(self, handler: Any, content: str, *elements: Any) -> None:
        """Send a message as a person does."""
        message = Said(content, "user_message", [*elements])
        self.context.append(message)
        await handler(message)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    session = Session()
    monkeypatch.setitem(sys.modules, "chainlit", session)
    return session


async def test_a_conversation(session: Session, tmp_path: Any) -> None:
    """What was said before is sent, files included."""
    backend, predict = answering()
    handler = for_chainlit(predict)
    (tmp_path / "px.png").write_bytes(PNG)
    element = ChainlitElement("px.png", "image/png", str(tmp_path / "px.png"), "image")
    await session.user(handler, "hi", element)
    await session.user(handler, "second")
    first, *others = asked(backend)
    assert first[1][0] == IMAGE
    assert others == [("assistant", "Hello you"), ("user", "second")]


async def test_settings_and_inputs(session: Session) -> None:
    """Chat settings that are additional inputs are passed on; a callable is stronger."""
    backend, predict = answering(additional_inputs=("temperature", "top_p"))
    session.settings = {"temperature": 0.5, "top_p": 0.5, "colour": "red"}
    await session.user(for_chainlit(predict, inputs=lambda: {"top_p": 1}), "hi")
    request = backend.requests[-1]
    assert (request["temperature"], request["top_p"], "colour" in request) == (0.5, 1, False)


async def test_stop_keeps_what_came(session: Session) -> None:
    """A cancelled answer is kept, the provider's work ends, Chainlit's own words are left out."""
    backend, predict = answering(["Well", Pause(60)], "Hello")
    handler = for_chainlit(predict)
    task = create_task(session.user(handler, "hi"))
    await wait_for(session.streaming.wait(), 10)
    await session.Message("Task manually stopped.").send()
    task.cancel()
    with pytest.raises(CancelledError):
        await task
    assert len(backend.closed) == 1
    await session.user(handler, "go on")
    assert asked(backend) == [("user", "hi"), ("assistant", "Well"), ("user", "go on")]


async def test_an_error_is_told_below_what_came(session: Session) -> None:
    """The error is a message of its own, once, and not sent with the next one."""
    backend, predict = answering(["Well", PermissionError("no")], "Hello")
    handler = for_chainlit(predict)
    with pytest.raises(PermissionError):
        await session.user(handler, "hi")
    told = [said.content for said in session.context]
    assert told == ["hi", "Well", "PermissionError: no"]
    await session.user(handler, "go on")
    assert asked(backend) == [("user", "hi"), ("assistant", "Well"), ("user", "go on")]


async def test_reasoning_is_a_step(session: Session) -> None:
    """Reasoning grows in a step, which has ended when the answer begins."""
    _, predict = answering([Reasoning("Hm"), "Yes", Finish("stop")], show_reasoning=True)
    await session.user(for_chainlit(predict), "hi")
    (step,) = session.steps
    assert (step.name, step.type, step.content, step.ended) == ("Thinking", "llm", "Hm", True)
    assert session.context[-1].content == "Yes"
