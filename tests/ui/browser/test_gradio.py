"""What is Gradio's own: its two routes for programs, its buttons, and every form of a predict."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.ui.browser.conftest import environ, running
from tests.ui.browser.obedient import Obedient
from tests.ui.browser.pages import UIS, Chat
from tests.ui.browser.run import environment
from tests.ui.browser.test_uis import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.ui.browser.pages import UI

pytestmark = pytest.mark.browser
HERE = Path(__file__).parent
GRADIOS = {ui.name: ui for ui in UIS if ui.name.startswith("gradio")}


def form(name: str, which: str) -> UI:
    """Give the app of a form of predict, in the environment of a Gradio."""
    return replace(
        GRADIOS[name], command=("python", str(HERE / "gradio_forms.py"), which), upload=()
    )


@pytest.fixture(scope="module", params=["predict", "predict.aio", "for_gradio"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, provider: Obedient
) -> Iterator[tuple[UI, str]]:
    """Give an app of each form in Gradio 6."""
    ui = form("gradio", request.param)
    with running(ui, tmp_path_factory.mktemp("gradio"), provider) as url:
        yield ui, url


def test_the_buttons_send_the_right_history(chat: Chat, provider: Obedient) -> None:
    """Retry asks again what was asked, edit asks anew from there, undo and clear take back."""
    answer = ("assistant", "I was told: one")
    chat.send("one")
    chat.states("told: one")
    chat.page.wait_for_timeout(500)
    chat.send("two")
    chat.states("/ two")
    chat.page.wait_for_timeout(500)
    asked = provider.asked()
    assert asked == [("user", "one"), answer, ("user", "two")]

    requests = len(provider.requests)
    chat.page.get_by_label("Retry").last.click()
    wait_until(lambda: len(provider.requests) > requests)
    assert provider.asked() == asked
    chat.page.wait_for_timeout(1500)

    chat.page.get_by_label("Edit").last.click()
    chat.page.locator("[data-testid=user] textarea, .message textarea").last.fill("three")
    chat.page.get_by_label("Submit").first.click()
    chat.states("/ three")
    chat.screenshot("edited")
    assert provider.asked() == [("user", "one"), answer, ("user", "three")]
    chat.page.wait_for_timeout(500)

    chat.page.get_by_label("Undo").last.click()
    chat.page.wait_for_timeout(500)
    chat.send("four")
    chat.states("/ four")
    assert provider.asked() == [("user", "one"), answer, ("user", "four")]
    chat.page.wait_for_timeout(500)

    chat.page.get_by_label("Clear").last.click()
    chat.page.wait_for_timeout(500)
    chat.send("five")
    chat.states("told: five")
    assert provider.asked() == [("user", "five")]


def test_an_example_fills_the_inputs_in(chat: Chat, provider: Obedient) -> None:
    """An example that is clicked brings its own temperature."""
    chat.page.get_by_text("an example").first.click()
    chat.page.wait_for_timeout(500)
    chat.page.locator(chat.ui.box).first.press("Enter")
    chat.states("an example")
    chat.screenshot("example")
    assert provider.requests[-1]["temperature"] == 1.5


def test_stop(chat: Chat, provider: Obedient) -> None:
    """Stop ends the provider's work in each form."""
    left = provider.left
    chat.send("slow")
    chat.states("word5")
    chat.stop()
    wait_until(lambda: provider.left > left)
    chat.send("go on")
    chat.states("/ go on")
    assert [role for role, _ in provider.asked()] == ["user", "assistant", "user"]


def test_gradio_5_stops_async_predicts(tmp_path: Path, page: Page, provider: Obedient) -> None:
    """In Gradio 5 too, `predict.aio` is stopped."""
    ui = form("gradio5", "for_gradio")
    with running(ui, tmp_path, provider) as url:
        test_stop(Chat(ui, page, url), provider)


def test_gradio_5_does_not_stop_plain_predict(
    tmp_path: Path, page: Page, provider: Obedient
) -> None:
    """There the provider goes on to the end, and the next message is sent with what was shown."""
    ui = form("gradio5", "predict")
    with running(ui, tmp_path, provider) as url:
        chat = Chat(ui, page, url)
        left, whole = provider.left, provider.whole
        chat.send("slow")
        chat.states("word5")
        chat.stop()
        (stopped,) = chat.settled()
        assert "word79" not in stopped
        wait_until(lambda: provider.whole == whole + 1)
        assert provider.left == left
        expect(page.locator(ui.box).first).to_be_enabled(timeout=30_000)
        assert chat.answers() == [stopped]
        chat.send("go on")
        chat.states("/ go on")
        assert provider.asked()[1] == ("assistant", stopped)


@pytest.mark.parametrize("served", ["predict", "predict.aio"], indirect=True)
def test_an_error_of_a_plain_predict_ends_the_chat(chat: Chat) -> None:
    """Gradio 6 covers it, and takes no message until the page is loaded again."""
    chat.send("please fail")
    expect(chat.page.get_by_text("Error", exact=True).first).to_be_visible(timeout=30_000)
    chat.page.wait_for_timeout(1000)
    chat.screenshot("covered")
    expect(chat.page.locator(chat.ui.box).first).to_be_disabled()
    chat.page.reload()
    chat.send("go on")
    chat.states("told: go on")


@pytest.mark.parametrize("served", ["predict.aio"], indirect=True)
def test_programs(served: tuple[UI, str], tmp_path: Path, provider: Obedient) -> None:
    """A predict is an endpoint of Gradio's API and described as a tool; `gr.api` gives the tool.

    Gradio 6.31 fails after each call of a chat as a tool, whatever its function.
    """
    done = subprocess.run(
        [environment("gradio") / "bin" / "python", HERE / "gradio_clients.py", served[1]],
        env=environ(tmp_path, provider),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    first, second, grown = found["api"]
    assert first.strip() == "I was told: first"
    assert second.strip() == "I was told: first / I was told: first / second"
    assert len(grown) > 2
    description, schema, (chat, ask) = found["mcp"]
    assert "Args" not in description
    assert [*schema["properties"]] == ["message", "temperature"]
    assert schema["properties"]["message"]["description"]
    assert chat == [True, "pop index out of range"]
    assert ask == [False, "I was told: by a tool "]
    assert provider.requests[-1]["temperature"] == 1.5
