"""How a person uses each chat UI: where to type, what an answer is, how to stop one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.e2e.conftest import ARTIFACTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Page

EXAMPLES = Path(__file__).parents[3] / "examples" / "ui"


@dataclass(frozen=True)
class UI:
    """A chat UI and its example.

    Attributes:
        name: Its environment and its example.
        command: What its environment runs; `{app}` and `{port}` are filled in.
        box: Where a person types.
        answers: The answers of the model.
        stop: The button that stops an answer; None where the UI has none.
        path: The path of the page.
        stop_reaches: Whether stop reaches the function that answers.
        env: Environment variables; `{port}` is filled in.
    """

    name: str
    command: Sequence[str]
    box: str
    answers: str
    stop: str | None = None
    path: str = ""
    stop_reaches: bool = True
    env: dict[str, str] = field(default_factory=dict)

    def at(self, port: int) -> list[str]:
        """Give the command that serves the example at a port."""
        app = EXAMPLES / f"{self.name.rstrip('5')}_app.py"
        return [part.format(app=app, port=port) for part in self.command]


UIS = (
    UI(
        "streamlit",
        ("streamlit", "run", "{app}", "--server.port={port}", "--server.headless=true",
         "--server.address=127.0.0.1", "--browser.gatherUsageStats=false"),
        box="[data-testid=stChatInputTextArea]",
        answers="[data-testid=stChatMessage]:has([data-testid=stChatMessageAvatarAssistant])"
        " [data-testid=stMarkdownContainer]",
        stop="[data-testid=stChatInputStopButton]",
    ),
    UI(
        "panel",
        ("panel", "serve", "{app}", "--port={port}", "--address=127.0.0.1"),
        box="textarea",
        answers=".message p",
        stop="button:has-text('Stop')",
    ),
    UI(
        "chainlit",
        ("chainlit", "run", "{app}", "--port={port}", "--headless"),
        box="#chat-input",
        answers="[data-step-type=assistant_message] .message-content",
        stop="#stop-button",
    ),
    UI(
        "nicegui",
        ("python", "{app}"),
        box="input",
        answers=".q-message-received .nicegui-markdown",
        stop="button:has-text('Stop')",
        env={"PORT": "{port}"},
    ),
    UI(
        "marimo",
        ("marimo", "run", "{app}", "--port={port}", "--headless", "--no-token"),
        box=".cm-content",
        answers=".group.items-start > div:first-child",
        stop="form > button >> nth=-1",
        stop_reaches=False,  # marimo hears of it when the answer has ended
    ),
    UI(
        "shiny",
        ("shiny", "run", "{app}", "--port={port}"),
        box="[role=textbox]",
        answers=".shiny-chat-message .shiny-chat-message-body",
        stop="button[aria-label='Stop generating']",
    ),
    UI(
        "mesop",
        ("mesop", "{app}", "--port={port}", "--prod"),
        box="input",
        answers="mesop-markdown",
    ),
    UI(
        "gradio5",
        ("python", "{app}"),
        box="textarea",
        answers="[data-testid=bot]",
        stop="button.stop-button",
        env={"GRADIO_SERVER_PORT": "{port}"},
    ),
)  # fmt: skip


class Chat:
    """A chat in the browser."""

    def __init__(self, ui: UI, page: Page, url: str) -> None:
        self.ui, self.page = ui, page
        self.sent: list[str] = []
        page.goto(url)
        page.locator(self.ui.box).first.wait_for()

    def send(self, message: str) -> None:
        self.sent.append(message)
        box = self.page.locator(self.ui.box).first
        expect(box).to_be_enabled()
        box.fill(message)
        for _ in range(5):  # a page may be there before it is connected
            box.press("Enter")
            for _ in range(20):
                self.page.wait_for_timeout(100)
                if message not in box.evaluate("box => box.value ?? box.innerText"):
                    return
        raise AssertionError(f"{message!r} was not sent")

    def answers(self) -> list[str]:
        texts = [text.strip() for text in self.page.locator(self.ui.answers).all_inner_texts()]
        return [text for text in texts if text not in self.sent]  # Panel's messages are all alike

    def states(self, wanted: str) -> list[str]:
        """Wait until the last answer has some text; give the states it was seen in before."""
        seen: list[str] = []
        for _ in range(300):
            last = (self.answers() or [""])[-1]
            if last and last not in seen:
                seen.append(last)
            if wanted in last:
                return seen
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{wanted!r} is in none of {seen}")

    def stop(self) -> None:
        assert self.ui.stop
        self.page.locator(self.ui.stop).first.click()

    def screenshot(self, name: str) -> None:
        folder = ARTIFACTS / "ui"
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{self.ui.name}-{name}.png")
