"""Each UI's example in a real browser: what a person sees and the provider is asked."""

from __future__ import annotations

import base64
import json
import time
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.ui.browser.conftest import running
from tests.ui.browser.obedient import KEY, Obedient
from tests.ui.browser.pages import UIS, Chat
from tests.ui.browser.table import record

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.ui.browser.pages import UI

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
NOTE = "The password of the well is xyzzy."


def test_a_conversation(chat: Chat, provider: Obedient) -> None:
    """An answer grows before one's eyes, and the next message is sent with what was said."""
    chat.send("step by step")
    for words in ("one", "one two", "one two three"):
        assert chat.states(words)[-1].endswith(words)  # what follows is not even sent
        chat.page.wait_for_timeout(300)  # Mesop shows no value that comes sooner after another
        provider.step.release()
    record(chat.ui, "streaming", "yes")
    chat.page.wait_for_timeout(500)
    chat.send("second")
    chat.states("/ second")
    chat.screenshot("conversation")
    expect(chat.page.locator(chat.ui.box).first).to_be_in_viewport(ratio=0.99)
    assert provider.asked() == [
        ("user", "step by step"),
        ("assistant", "one two three"),
        ("user", "second"),
    ]
    record(chat.ui, "history", "yes")
    (system, *later) = [m for m in provider.requests[-1]["messages"] if m["role"] == "system"]
    assert (system["content"], later) == ("Give short, clear answers in English.", [])
    record(chat.ui, "system prompt", "yes")


def test_extra_inputs(chat: Chat, provider: Obedient) -> None:
    """A temperature that is set beside the chat is sent with the next message, and not before."""
    chat.send("first")
    chat.states("first")
    assert provider.requests[-1].get("temperature") in (None, 0.2)
    chat.page.wait_for_timeout(500)
    chat.ui.warmer(chat.page)
    chat.page.wait_for_timeout(500)
    chat.send("second")
    chat.states("/ second")
    chat.screenshot("extra-inputs")
    assert 0.2 < provider.requests[-1]["temperature"] <= 2
    record(chat.ui, "extra inputs", "yes")


def test_stop(chat: Chat, provider: Obedient) -> None:
    """Stop ends the provider's work, what came is kept, and the chat goes on."""
    chat.send("slow")
    chat.states("word5")
    chat.screenshot("streaming")
    if chat.ui.stop is None:
        assert chat.page.get_by_role("button", name="stop").count() == 0
        record(chat.ui, "stop", "none")
        return
    left = provider.left
    chat.stop()
    if chat.ui.stop_reaches:
        wait_until(lambda: provider.left > left)
    assert "word79" not in chat.settled()[-1]  # it has words left
    chat.screenshot("stopped")
    chat.send("go on")
    chat.states("/ go on")
    assert [role for role, _ in provider.asked()] == ["user", "assistant", "user"]
    assert provider.asked()[1][1].startswith("word0 word1 word2 word3 word4 word5")
    record(chat.ui, "stop", "yes" if chat.ui.stop_reaches else "shown only")


def wait_until(happened: Callable[[], bool]) -> None:
    for _ in range(300):
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def test_files(chat: Chat, provider: Obedient, tmp_path: Path) -> None:
    """An image and a text, chosen with the UI's own button, reach the provider."""
    if not chat.ui.upload:
        assert chat.page.locator("input[type=file]").count() == 0
        record(chat.ui, "files", "none")
        return
    Image.new("RGB", (64, 64), "red").save(tmp_path / "red.png")
    (tmp_path / "note.txt").write_text(NOTE)
    chat.attach(tmp_path / "red.png", tmp_path / "note.txt")
    chat.screenshot("files-chosen")
    chat.send("what are these?")
    chat.states("what are these?")
    chat.page.wait_for_timeout(300)
    chat.screenshot("files")
    sent = provider.requests[-1]["messages"]
    blocks = [b for m in sent if m["role"] == "user" for b in m["content"] if isinstance(b, dict)]
    urls = [block["image_url"]["url"] for block in blocks if block["type"] == "image_url"]
    assert [url.partition(",")[0] for url in urls] == ["data:image/png;base64"]
    shown = Image.open(BytesIO(base64.b64decode(urls[0].partition(",")[2]))).convert("RGB")
    assert (shown.size, shown.getpixel((9, 9))) == ((64, 64), (255, 0, 0))
    assert NOTE in json.dumps(sent)
    chat.send("and then?")
    chat.states("and then?")
    assert urls[0] in json.dumps(provider.requests[-1])  # the model still sees it
    record(chat.ui, "files", "yes")


@pytest.mark.parametrize("order", ["please fail", "please refuse"])
def test_an_error(chat: Chat, provider: Obedient, order: str) -> None:
    """An error is told in the chat, below what came of the answer; then the chat goes on."""
    chat.send(order)
    expect(chat.page.get_by_text("the door is locked").first).to_be_visible(timeout=60_000)
    chat.page.wait_for_timeout(500)
    chat.screenshot(f"error-{order[7:]}")
    assert KEY not in chat.page.content()
    if order == "please fail":
        expect(chat.page.get_by_text("It went well.").first).to_be_visible()
    chat.send("go on")
    chat.states("go on")
    assert not any("locked" in content for _, content in provider.asked())
    if chat.ui.name != "marimo":  # its box is gone with the next message
        expect(chat.page.get_by_text("the door is locked").first).to_be_visible()
        chat.screenshot(f"error-{order[7:]}-later")
    record(chat.ui, "errors", "yes")


@pytest.mark.parametrize(
    "served",
    [ui for ui in UIS if ui.name in ("nicegui", "jupyter")],
    indirect=True,
    ids=lambda ui: ui.name,
)
def test_one_answer_at_a_time(chat: Chat, provider: Obedient) -> None:
    """Nothing asks but Enter, and not in an empty box or in mid-answer; a closed page stops it."""
    asked, left = len(provider.requests), provider.left
    box = chat.page.locator(chat.ui.box).first
    chat.page.wait_for_timeout(1000)
    box.press("Enter")
    chat.page.wait_for_timeout(500)
    box.fill("not yet")
    box.blur()
    chat.page.wait_for_timeout(500)
    assert len(provider.requests) == asked
    chat.send("slow")
    chat.states("word2")
    box.fill("another")
    box.press("Enter")
    chat.page.wait_for_timeout(500)
    assert (len(provider.requests), box.input_value()) == (asked + 1, "another")
    if chat.ui.name == "nicegui":  # a notebook's kernel goes on
        chat.page.close()
    else:
        chat.stop()
    wait_until(lambda: provider.left > left)


# What scrolls, and a window that the beginning of an answer fits in and the whole does not.
SCROLLED = {"nicegui": ("html", 320, 500), "panel": (".chat-feed-log", 1100, 570)}


@pytest.mark.parametrize(
    "served",
    [ui for ui in UIS if ui.name in SCROLLED],
    indirect=True,
    ids=lambda ui: ui.name,
)
def test_the_page_follows_until_one_scrolls_up(chat: Chat) -> None:
    """The end of an answer stays in sight; a person who reads its beginning is left there."""
    scrolled, width, height = SCROLLED[chat.ui.name]
    chat.page.set_viewport_size({"width": width, "height": height})
    feed = chat.page.locator(scrolled)
    chat.send("slow")
    chat.states("word40")
    assert feed.evaluate("feed => feed.scrollTop") > 5
    feed.evaluate("feed => feed.scrollTo(0, 5)")  # at 0 no browser would move it
    chat.states("word60")
    assert feed.evaluate("feed => feed.scrollTop") == 5
    chat.stop()
    chat.send("go on")
    chat.states("go on")
    chat.page.wait_for_timeout(500)
    assert feed.evaluate("feed => feed.scrollHeight - feed.scrollTop - feed.clientHeight") < 5


def test_a_long_conversation(chat: Chat) -> None:
    """The newest answer, and where to type the next message, stay in sight."""
    chat.page.set_viewport_size({"width": 1100, "height": 600})
    for last in ("one", "two"):
        chat.send(f"{'word ' * 400}{last}")
        chat.states(f"word {last}")
        chat.settled()
    chat.screenshot("long")
    expect(chat.page.locator(chat.ui.answers).last).to_be_in_viewport()
    expect(chat.page.locator(chat.ui.box).first).to_be_in_viewport(ratio=0.99)


def test_html_is_not_run(chat: Chat) -> None:
    """What a model writes is no program of the page."""
    chat.send("attack")
    chat.states("it is over")
    chat.page.wait_for_timeout(1000)
    chat.screenshot("html")
    assert chat.page.evaluate("window.attacked") is None


def test_a_refused_file_is_not_sent_again(
    chat: Chat, provider: Obedient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that takes no images says so once, and the next message is answered."""
    if not chat.ui.upload:
        return
    Image.new("RGB", (64, 64), "red").save(tmp_path / "red.png")
    monkeypatch.setattr(provider, "blind", True)
    chat.attach(tmp_path / "red.png")
    if chat.ui.send_file is None:
        chat.send("look")
    expect(chat.page.get_by_text("no pictures here").first).to_be_visible(timeout=60_000)
    chat.page.wait_for_timeout(500)
    chat.screenshot("refused")
    chat.send("go on")
    chat.states("go on")
    assert provider.asked() == [("user", "go on")]


def test_reasoning(chat: Chat, provider: Obedient) -> None:
    """Reasoning is shown, and not sent back."""
    chat.send("think")
    chat.states("42")
    chat.page.wait_for_timeout(300)
    chat.screenshot("reasoning")
    chat.send("go on")
    chat.states("go on")
    assert provider.asked()[1] == ("assistant", "42")


def test_two_at_once(chat: Chat, provider: Obedient, served: tuple[UI, str]) -> None:
    """While one page waits for its answer, another one is answered."""
    other = Chat(chat.ui, chat.page.context.new_page(), served[1])
    chat.send("slow")
    chat.states("word2")
    other.send("quick")
    other.states("quick")
    assert "word79" not in chat.answers()[-1]
    record(chat.ui, "async", {"async": "yes", "sync": "sync"}[provider.requests[-1]["model"]])


@pytest.mark.parametrize("ui", UIS, ids=lambda ui: ui.name)
def test_the_embedded_model(ui: UI, tmp_path: Path, page: Page) -> None:
    """The example as it is answers a question."""
    with running(ui, tmp_path) as url:
        chat = Chat(ui, page, url)
        chat.send("What is the capital of France? Answer in one sentence.")
        chat.states("France")
        chat.screenshot("model")
