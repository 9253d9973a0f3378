"""A real Chromium, and a chat page of an app as a person uses it."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

ARTIFACTS = Path(__file__).parent.parent.parent / "artifacts"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]
SETTLED = 1.0
expect.set_options(timeout=30_000)  # a guard: a page may be slow where the machine is busy
VIEWPORT: ViewportSize = {"width": 1100, "height": 850}
# Notes every state in which the page ever showed its last reply, which looking now and then
# from outside would miss.
OBSERVE = """
window.seen = [];
new MutationObserver(() => {
    const bots = document.querySelectorAll("[data-testid=bot]");
    const text = bots.length ? bots[bots.length - 1].innerText.trim() : "";
    window.seen.push([bots.length, text]);
}).observe(document, {subtree: true, childList: true, characterData: true});
"""


class Chat:
    """A Gradio chat in the browser."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.requested: list[str] = []
        page.on("request", lambda request: self.requested.append(request.url))
        page.add_init_script(OBSERVE)
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
        """Wait for reply number `count` to end or be long enough; give its states in order."""
        since, before = time.monotonic(), self.replies()
        # A page shows its button for the next message for a moment after one was sent, too.
        while time.monotonic() - since < SETTLED:
            replies = self.replies()
            if len(replies) == count and len(replies[-1]) >= until:
                break
            if replies != before or not self.idle() or len(replies) < count:
                since, before = time.monotonic(), replies
            time.sleep(0.02)
        seen: list[tuple[int, str]] = self.page.evaluate("window.seen")
        return list(dict.fromkeys(text for number, text in seen if number == count and text))

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
        for _ in range(5):
            field.fill(value)
            field.blur()
            self.page.wait_for_timeout(300)  # a page that still comes up puts its own value back
            if field.input_value() == value:
                return
        raise AssertionError(f"the page does not keep {label} = {value!r}")

    def screenshot(self, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png")


def chromium() -> str:
    """Give the path of Chromium, at best without the windows, which cost more than their pages."""
    names = ("chromium-headless-shell", "chromium")
    paths = (os.environ.get("CHATADAPTERS_CHROMIUM"), *map(shutil.which, names))
    found = next(filter(None, paths), None)
    assert found, f"chromium is not installed: apt-get install {names[0]}"
    return found


@pytest.fixture(scope="package")  # another package of tests may start a browser of its own
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=VIEWPORT)
    yield context.new_page()
    context.close()
