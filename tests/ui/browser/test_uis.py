"""Each UI's example in a real browser: what a person sees and the provider is asked."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.ui.browser.conftest import running
from tests.ui.browser.pages import UIS, Chat

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.ui.browser.pages import UI

pytestmark = pytest.mark.browser


def asked(log: Path) -> list[tuple[str, str]]:
    """Give role and content of the messages that were sent last, without the system text."""
    lines = [line for line in log.read_text().splitlines() if line.startswith("asked ")]
    messages: list[dict[str, Any]] = json.loads(lines[-1].removeprefix("asked "))["messages"]
    return [(m["role"], m["content"].strip()) for m in messages if m["role"] != "system"]


def test_a_conversation(chat: Chat, log: Path) -> None:
    """An answer grows before one's eyes, and the next message is sent with what was said."""
    count = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    chat.send(count)
    seen = chat.states("fourteen")
    assert len(seen) > 2
    assert all(len(later) >= len(before) for before, later in pairwise(seen))
    chat.page.wait_for_timeout(500)
    chat.send("second")
    chat.states("/ second")
    chat.screenshot("conversation")
    assert asked(log) == [
        ("user", count),
        ("assistant", f"I was told: {count}"),
        ("user", "second"),
    ]


def test_stop(chat: Chat, log: Path) -> None:
    """Stop ends the provider's work, what came is kept, and the chat goes on."""
    if chat.ui.stop is None:
        chat.send("one")  # there is no button, but a chat
        chat.states("told: one")
        return
    chat.send("slow")
    chat.states("word5")
    closed = log.read_text().count("closed")
    chat.screenshot("streaming")
    chat.stop()
    if chat.ui.stop_reaches:
        wait_until(lambda: log.read_text().count("closed") > closed)
    stopped = chat.answers()
    chat.page.wait_for_timeout(500)
    chat.screenshot("stopped")
    assert chat.answers() == stopped
    chat.send("go on")
    chat.states("/ go on")
    assert [role for role, _ in asked(log)] == ["user", "assistant", "user"]
    assert asked(log)[1][1].startswith("word0 word1 word2 word3 word4 word5")


def wait_until(happened: Callable[[], bool]) -> None:
    for _ in range(50):
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def test_an_error(chat: Chat, log: Path) -> None:
    """An error is told in the chat, below what came of the answer; then the chat goes on."""
    chat.send("please fail")
    expect(chat.page.get_by_text("the door is locked").first).to_be_visible(timeout=10_000)
    chat.page.wait_for_timeout(500)
    chat.screenshot("error")
    chat.send("go on")
    chat.states("go on")
    assert not any("locked" in content for _, content in asked(log))


def test_reasoning(chat: Chat) -> None:
    """Reasoning is shown, and not sent back."""
    chat.send("think")
    chat.states("42")
    chat.page.wait_for_timeout(300)
    chat.screenshot("reasoning")


@pytest.mark.parametrize("ui", UIS, ids=lambda ui: ui.name)
def test_the_embedded_model(ui: UI, tmp_path: Path, page: Page) -> None:
    """The example as it is answers a question."""
    with running(ui, tmp_path, scripted=False) as url:
        chat = Chat(ui, page, url)
        chat.send("What is the capital of France? Answer in one sentence.")
        chat.states("France")
        chat.screenshot("model")
