"""How a person uses each chat UI: where to type, what an answer is, how to stop one."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.e2e.conftest import ARTIFACTS
from tests.ui.browser.setups import (
    add_function,
    close_news,
    open_notebook,
    write_notebook,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playwright.sync_api import Page

EXAMPLES = Path(__file__).parents[3] / "examples" / "ui"


@dataclass(frozen=True)
class UI:
    """A chat UI and its example.

    Attributes:
        title: What the table in the docs calls it.
        name: Its environment and its example.
        command: What its environment runs; `{app}` and `{port}` are filled in.
        box: Where a person types.
        answers: The answers of the model.
        warmer: Raises the temperature with the UI's own elements.
        stop: The button that stops an answer; None where the UI has none.
        upload: Clicked one after the other to choose files; empty where the UI takes none.
        send_file: Sends a file, where each is a message of its own.
        path: The path of the page.
        stop_reaches: Whether stop reaches the function that answers.
        env: Environment variables; `{port}` and `{folder}` are filled in.
        prepare: Writes what the example needs into its folder.
        install: Makes the running UI take the example.
        opened: Makes an opened page show the chat.
    """

    title: str
    name: str
    command: Sequence[str]
    box: str
    answers: str
    warmer: Callable[[Page], None] = lambda page: None
    stop: str | None = None
    upload: Sequence[str] = ()
    send_file: Callable[[Page], None] | None = None
    path: str = ""
    stop_reaches: bool = True
    env: dict[str, str] = field(default_factory=dict, hash=False)  # pytest groups tests by hash
    prepare: Callable[[Path], None] | None = None
    install: Callable[[str], None] | None = None
    opened: Callable[[Page], None] | None = None

    def at(self, port: int) -> list[str]:
        """Give the command that serves the example at a port."""
        app = EXAMPLES / f"{self.name.rstrip('5')}_app.py"
        return [part.format(app=app, port=port) for part in self.command]


def drag(label: str) -> Callable[[Page], None]:
    """Move a slider to the right."""

    def drag_it(page: Page) -> None:
        for _ in range(5):
            page.locator(label).first.press("ArrowRight")

    return drag_it


def fill(field: str) -> Callable[[Page], None]:
    """Fill a number in."""

    def fill_it(page: Page) -> None:
        page.locator(field).first.fill("0.7")
        page.locator(field).first.press("Tab")

    return fill_it


def panel_send(page: Page) -> None:
    told = page.get_by_text(re.compile("I was told|no pictures here"))
    before = told.count()
    for _ in range(15):
        page.get_by_role("button", name="Send").click()
        with suppress(AssertionError):  # Panel did not have the file yet
            expect(told).to_have_count(before + 1, timeout=2000)
            break
    expect(told).to_have_count(before + 1)
    expect(page.locator("button:has-text('Stop'):visible")).to_have_count(0)
    page.locator(".bk-tab:has-text('Text')").click()
    page.locator("textarea").first.wait_for()  # a tab is made when it is opened


def chainlit_settings(page: Page) -> None:
    page.locator("#chat-settings-open-modal").click()
    drag("[role=slider]")(page)
    page.get_by_role("button", name="Confirm").click()


def marimo_settings(page: Page) -> None:
    page.locator("button[aria-haspopup=dialog]").first.click()
    fill("[role=dialog] input >> nth=1")(page)
    page.keyboard.press("Escape")


def open_webui_settings(page: Page) -> None:
    page.get_by_label("Controls").first.click()
    page.get_by_label("Temperature").first.click()
    fill("input[type=number][aria-label=Temperature]")(page)


def gradio_settings(page: Page) -> None:
    page.get_by_role("button", name="Additional inputs").click()
    fill("[aria-label*='number input for Temperature']")(page)


UIS = (
    UI(
        "Streamlit",
        "streamlit",
        ("streamlit", "run", "{app}", "--server.port={port}", "--server.headless=true",
         "--server.address=127.0.0.1", "--browser.gatherUsageStats=false"),
        box="[data-testid=stChatInputTextArea]",
        warmer=drag("input[type=range]"),
        upload=("button[aria-label='Upload files']",),
        answers="[data-testid=stChatMessage]:has([data-testid=stChatMessageAvatarAssistant])"
        " [data-testid=stMarkdownContainer]",
        stop="[data-testid=stChatInputStopButton]",
    ),
    UI(
        "Panel",
        "panel",
        ("panel", "serve", "{app}", "--port={port}", "--address=127.0.0.1"),
        box="textarea",
        answers=".message p",
        warmer=drag("[role=slider]"),
        upload=(".bk-tab:has-text('A file')", "input[type=file]"),
        send_file=panel_send,
        stop="button:has-text('Stop'):visible",
    ),
    UI(
        "Chainlit",
        "chainlit",
        ("chainlit", "run", "{app}", "--port={port}", "--headless"),
        box="#chat-input",
        answers="[data-step-type=assistant_message] .message-content",
        warmer=chainlit_settings,
        upload=("#upload-button",),
        stop="#stop-button",
    ),
    UI(
        "NiceGUI",
        "nicegui",
        ("python", "{app}"),
        box="input",
        answers=".q-message-received .nicegui-markdown",
        warmer=fill("input[type=number]"),
        upload=(".q-uploader input[type=file]",),
        stop="button:has-text('Stop'):visible",
        env={"PORT": "{port}"},
    ),
    UI(
        "marimo",
        "marimo",
        ("marimo", "run", "{app}", "--port={port}", "--headless", "--no-token"),
        box=".cm-content",
        answers=".group.items-start > div:first-child",
        warmer=marimo_settings,
        upload=("form button:has(.lucide-paperclip)",),
        stop="form > button >> nth=-1",
        stop_reaches=False,  # marimo hears of it when the answer has ended
    ),
    UI(
        "Shiny",
        "shiny",
        ("shiny", "run", "{app}", "--port={port}"),
        box="[role=textbox]",
        answers=".shiny-chat-message .shiny-chat-message-body",
        warmer=drag(".irs-line"),
        upload=("button[aria-label='Attach file']",),
        stop="button[aria-label='Stop generating']",
    ),
    UI(
        "Mesop",
        "mesop",
        ("mesop", "{app}", "--port={port}", "--prod"),
        box="input >> nth=-1",  # after the settings of the page
        answers="mesop-markdown",
        warmer=fill("input[type=number]"),
    ),
    UI(
        "Gradio 6",
        "gradio",
        ("python", "{app}"),
        box="textarea",
        answers="[data-testid=bot]",
        warmer=gradio_settings,
        upload=("[data-testid=upload-button]",),
        stop="button.stop-button",
        env={"GRADIO_SERVER_PORT": "{port}"},
    ),
    UI(
        "Gradio 5",
        "gradio5",
        ("python", "{app}"),
        box="textarea",
        answers="[data-testid=bot]",
        warmer=gradio_settings,
        upload=("[data-testid=upload-button]",),
        stop="button.stop-button",
        env={"GRADIO_SERVER_PORT": "{port}"},
    ),
    UI(
        "Jupyter",
        "jupyter",
        ("jupyter", "lab", "--ip=127.0.0.1", "--port={port}", "--no-browser", "--allow-root",
         "--IdentityProvider.token="),
        box="input[placeholder='Say something']",
        answers=".widget-html pre",
        warmer=drag(".noUi-handle"),
        upload=("button.jupyter-widgets:has-text('Upload')",),
        stop="button:has-text('Stop'):visible",
        path="/doc/tree/chat.ipynb",
        prepare=write_notebook,
        opened=open_notebook,
    ),
    UI(
        "Open WebUI",
        "open_webui",
        ("open-webui", "serve", "--host=127.0.0.1", "--port={port}"),
        box="#chat-input",
        answers=".chat-assistant",
        stop="button[aria-label='Stop']",
        warmer=open_webui_settings,
        upload=("#input-menu-button", "text=Upload Files"),
        env={
            "BYPASS_EMBEDDING_AND_RETRIEVAL": "True",  # a text file is sent as it is
            "DATA_DIR": "{folder}",
            "ENABLE_FOLLOW_UP_GENERATION": "False",
            "ENABLE_OLLAMA_API": "False",
            "ENABLE_OPENAI_API": "False",
            "ENABLE_RETRIEVAL_QUERY_GENERATION": "False",
            "ENABLE_TAGS_GENERATION": "False",
            "ENABLE_TITLE_GENERATION": "False",
            "OFFLINE_MODE": "True",
            "USE_SLIM_DOCKER": "True",  # without models of its own for speech and retrieval
            "WEBUI_AUTH": "False",
            "WEBUI_SECRET_KEY": "none",
        },
        install=add_function,
        opened=close_news,
    ),
)  # fmt: skip


TYPED = "box => box.value ?? box.innerText"


class Chat:
    """A chat in the browser."""

    def __init__(self, ui: UI, page: Page, url: str) -> None:
        self.ui, self.page = ui, page
        self.sent: list[str] = []
        # Its chooser is not one that a browser driver is told of; pages have a way without it.
        page.add_init_script("delete window.showOpenFilePicker")
        page.goto(url)
        if ui.opened:
            ui.opened(page)
        page.locator(self.ui.box).first.wait_for()

    def send(self, message: str) -> None:
        self.sent.append(message)
        box = self.page.locator(self.ui.box).first
        expect(box).to_be_enabled(timeout=30_000)
        box.fill(message)
        for _ in range(5):  # a page may be there before it is connected
            box.press("Enter")
            if self._soon(2, lambda: message not in box.evaluate(TYPED)):
                if self._soon(15, lambda: self.page.get_by_text(message).count() > 0):
                    return
                box.fill(message)  # the box was laid out anew with nothing in it
        raise AssertionError(f"{message!r} was not sent")

    def _soon(self, seconds: float, seen: Callable[[], bool]) -> bool:
        give_up = time.monotonic() + seconds
        while not (found := seen()) and time.monotonic() < give_up:
            self.page.wait_for_timeout(50)
        return found

    def answers(self) -> list[str]:
        texts = [text.strip() for text in self.page.locator(self.ui.answers).all_inner_texts()]
        return [text for text in texts if text not in self.sent]  # Panel's messages are all alike

    def settled(self) -> list[str]:
        """Wait until the answers stay as they are; give them."""
        before, since = self.answers(), time.monotonic()
        while time.monotonic() - since < 0.7:
            self.page.wait_for_timeout(50)
            if (now := self.answers()) != before:
                before, since = now, time.monotonic()
        return before

    def states(self, wanted: str) -> list[str]:
        """Wait until the last answer has some text; give the states it was seen in before."""
        seen: list[str] = []
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up:
            last = (self.answers() or [""])[-1]
            if last and last not in seen:
                seen.append(last)
            if wanted in last:
                return seen
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{wanted!r} is in none of {seen}")

    def attach(self, *paths: Path) -> None:
        if self.ui.send_file is None:
            self._choose(*paths)
            return
        for path in paths:
            self._choose(path)
            self.ui.send_file(self.page)

    def _choose(self, *paths: Path) -> None:
        *before, last = self.ui.upload
        for step in before:
            self.page.locator(step).first.click()
        with self.page.expect_file_chooser() as chooser:
            self.page.locator(last).first.click()
        chooser.value.set_files(paths)
        self.page.wait_for_timeout(1000)

    def stop(self) -> None:
        assert self.ui.stop
        self.page.locator(self.ui.stop).first.click()

    def screenshot(self, name: str) -> None:
        folder = ARTIFACTS / "ui"
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{self.ui.name}-{name}.png")
