"""A real Chromium, and a chat page of an app as a person uses it."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

ARTIFACTS = Path(__file__).parent.parent.parent / "artifacts"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]


class Chat:
    """A Gradio chat in the browser."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.requested: list[str] = []
        page.on("request", lambda request: self.requested.append(request.url))
        page.goto(url)
        self._textbox = page.get_by_test_id("textbox").first
        self._textbox.wait_for()

    def send(self, message: str) -> None:
        self._textbox.fill(message)
        self._textbox.press("Enter")
        expect(self.page.get_by_test_id("user").last).to_contain_text(message)

    def replies(self) -> list[str]:
        return [text.strip() for text in self.page.get_by_test_id("bot").all_inner_texts()]

    def watch(self, count: int, *, until: int = 10**9) -> list[str]:
        """Give what the reply number `count` looked like, until it ends or is long enough."""
        seen: list[str] = []
        while not self.idle() or len(self.replies()) < count:
            texts = self.replies()
            if len(texts) >= count and texts[-1] and texts[-1] not in seen[-1:]:
                seen.append(texts[-1])
            if seen and len(seen[-1]) >= until:
                return seen
            time.sleep(0.02)
        return [*seen, self.replies()[-1]]

    def ask(self, message: str) -> str:
        """Send a message and give the whole reply."""
        count = len(self.replies())
        self.send(message)
        return self.watch(count + 1)[-1]

    def stop(self) -> None:
        self.page.locator("button.stop-button").click()

    def idle(self) -> bool:
        """Whether the page lets a person send the next message."""
        return self.page.locator("button.submit-button").is_visible()

    def setting(self, label: str, value: str) -> None:
        field = self.page.get_by_label(label).first
        if not field.is_visible():
            self.page.get_by_role("button", name="Settings").first.click()
        field.fill(value)
        field.blur()

    def screenshot(self, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHATADAPTERS_CHROMIUM") or shutil.which("chromium")
    assert path, "chromium is not installed: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1100, "height": 850})
    yield context.new_page()
    context.close()
