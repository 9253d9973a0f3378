from __future__ import annotations

import json
import re
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.apps import App, computed, free_port, gradio_app
from tests.e2e.conftest import Chat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
SEEN = str(Path(__file__).parent / "seen_app.py")


@pytest.fixture(scope="module")
def demo_app() -> Iterator[App]:
    port = free_port()
    command = ["-m", "chatadapters", "demo", "--port", str(port), "--temperature", "0"]
    with gradio_app(command, port=port) as running:
        yield running


@pytest.fixture
def demo(demo_app: App, page: Page) -> Chat:
    return Chat(page, demo_app.url)


@pytest.fixture(scope="module")
def payload_app() -> Iterator[App]:
    port = free_port()
    with gradio_app([SEEN, "payload", str(port)], port=port) as running:
        yield running


@pytest.fixture
def payloads(payload_app: App, page: Page) -> Chat:
    return Chat(page, payload_app.url)


def test_the_reply_grows(demo: Chat) -> None:
    """A reply appears bit by bit, each state continuing the one before."""
    demo.screenshot("demo-empty")
    demo.send("Write a short story about a dragon.")
    seen = demo.watch(1, until=200)
    demo.screenshot("demo-growing")
    assert len(seen) > 3
    assert all(later.startswith(before) for before, later in pairwise(seen))
    seen = demo.watch(1)
    demo.screenshot("demo-done")
    assert "dragon" in seen[-1]
    expect(demo.page.get_by_text("cut at the length limit")).to_be_visible()


def test_the_history_is_part_of_the_question(demo: Chat) -> None:
    """A second message that only makes sense after the first is understood."""
    assert "Paris" in demo.ask("What is the capital of France?")
    reply = demo.ask("What is it famous for?")
    demo.screenshot("demo-history")
    assert re.search("Paris|Eiffel|Louvre", reply)


def test_stop_ends_the_answer_and_frees_the_model(demo: Chat, demo_app: App) -> None:
    """Stop in the middle of a long answer ends it where it was, and the model stops computing."""
    demo.setting("number input for Longest answer, in tokens", "2048")
    demo.send("Write a very long story about a dragon and a princess.")
    demo.watch(1, until=150)
    demo.stop()
    expect(demo.page.locator("button.submit-button")).to_be_visible(timeout=10_000)
    stopped = demo.replies()[-1]
    demo.screenshot("demo-stopped")
    time.sleep(1)
    before = computed(demo_app.pid)
    time.sleep(1)
    assert computed(demo_app.pid) - before < 0.5
    assert demo.replies() == [stopped]


def test_the_system_prompt_is_obeyed(demo: Chat) -> None:
    """A changed system prompt changes how the model answers."""
    demo.setting("System prompt", "You are a pirate. Always start with 'Arrr!'")
    assert demo.ask("What is the capital of France?").startswith("Arrr")
    demo.screenshot("demo-system")


def test_an_example_is_asked_by_a_click(demo: Chat) -> None:
    """A click on an example asks it."""
    demo.page.get_by_role("button", name="What is the capital of France?").click()
    assert "Paris" in demo.watch(1)[-1]


def test_the_page_needs_no_network(demo: Chat) -> None:
    """The page asks nothing of anyone but the demo itself."""
    demo.ask("Hello!")
    hosts = {url.split("/")[2].partition(":")[0] for url in demo.requested if "//" in url}
    assert hosts == {"127.0.0.1"}


def test_what_is_sent(payloads: Chat) -> None:
    """What the settings show is sent, with the conversation so far."""
    first = json.loads(payloads.ask("One"))
    assert first == {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "One"},
        ],
        "temperature": 0.5,
        "max_tokens": 100,
    }
    payloads.setting("System prompt", "")
    payloads.setting("number input for Temperature", "0")
    second = json.loads(payloads.ask("Two"))
    payloads.screenshot("demo-payload")
    assert [message["role"] for message in second["messages"]] == ["user", "assistant", "user"]
    assert second["messages"][0]["content"] == "One"
    assert "Be brief." in second["messages"][1]["content"]
    assert second["temperature"] == 0


def test_a_failed_answer_stays_readable(payloads: Chat) -> None:
    """A failure is told below what came of the answer, and is not sent with the next message."""
    payloads.send("Please fail")
    payloads.watch(1)
    payloads.page.wait_for_timeout(500)  # a box may close when its answer is done
    expect(payloads.page.get_by_text("the <b>door</b> is locked")).to_be_visible()
    expect(payloads.page.get_by_text("It went well")).to_be_visible()
    payloads.screenshot("demo-error")
    messages = json.loads(payloads.ask("Go on"))["messages"]
    assert [message["content"] for message in messages] == [
        "Be brief.",
        "Please fail",
        "It went well",
        "Go on",
    ]


def test_the_browser_sends_content_blocks(page: Page) -> None:
    """Gradio's browser hands over a history of content blocks, which the API path does not."""
    port = free_port()
    with gradio_app([SEEN, "raw", str(port)], port=port) as running:
        chat = Chat(page, running.url)
        chat.ask("One")
        history: list[dict[str, Any]] = json.loads(chat.ask("Two"))
    assert history[0]["role"] == "user"
    assert history[0]["content"] == [{"text": "One", "type": "text"}]
