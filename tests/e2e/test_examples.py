"""The examples in the browser, as a person meets them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.apps import app, free_port
from tests.e2e.conftest import Chat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
EXAMPLES = Path(__file__).parents[2] / "examples"
_TRIES = 8  # so small a model, which samples, is wrong about what it said 4 times of 10


@pytest.fixture(scope="module")
def example(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """Give the name and the address of an example that runs."""
    port = free_port()
    with app([str(EXAMPLES / f"{request.param}.py")], port=port) as running:
        yield request.param, running.url


TALKING = ["langchain_chat", "openai_streaming", "starchat", "parameters"]


@pytest.mark.parametrize("example", TALKING, indirect=True)
def test_an_example_talks(example: tuple[str, str], page: Page) -> None:
    """An answer grows, and the next one knows of it."""
    name, url = example
    assert any(_remembers(name, Chat(page, url)) for _ in range(_TRIES))


def _remembers(name: str, chat: Chat) -> bool:
    chat.screenshot(f"example-{name}-empty")
    chat.send("What is the capital of France? Answer in one sentence.")
    seen = chat.watch(1)
    assert len(seen) > 1
    assert all(later.startswith(before) for before, later in pairwise(seen))
    assert "Paris" in seen[-1]
    reply = chat.ask("Which city did you just name? Answer with its name.")
    chat.screenshot(f"example-{name}")
    return "Paris" in reply


def test_the_echo(page: Page) -> None:
    """A plain predict comes letter by letter, is stopped in the middle, and goes on."""
    port = free_port()
    with app([str(EXAMPLES / "echo.py")], port=port) as running:
        chat = Chat(page, running.url)
        page.get_by_role("button", name="How are you?").click()
        assert chat.watch(1)[-1] == "How are you?"
        long = "All work and no play makes a dull chat. " * 20
        chat.send(long)
        chat.watch(2, until=20)
        chat.stop()
        chat.watch(2)
        stopped = chat.replies()[-1]
        chat.screenshot("example-echo")
        assert 20 <= len(stopped) < len(long.strip())
        assert chat.ask("Hello!") == "Hello!"


@pytest.mark.parametrize("example", ["parameters"], indirect=True)
def test_the_parameters_are_used(example: tuple[str, str], page: Page) -> None:
    """An example that is clicked brings its own system prompt, which is obeyed."""
    chat = Chat(page, example[1])
    page.get_by_text("Introduce yourself.").first.click()
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Ask").click()
    reply = chat.watch(1)[-1]
    chat.screenshot("example-parameters-clicked")
    assert "pirate" in reply or "Arrr" in reply
