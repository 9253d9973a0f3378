"""The examples in the browser, as a person meets them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.apps import free_port, gradio_app
from tests.e2e.conftest import Chat
from tests.ui.browser.obedient import KEY, Obedient

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
    with gradio_app([str(EXAMPLES / f"{request.param}.py")], port=port) as running:
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
    with gradio_app([str(EXAMPLES / "echo.py")], port=port) as running:
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


def _program(page: Path) -> str:
    """Give the first program on a page."""
    return page.read_text().partition("```python\n")[2].partition("```")[0]


@pytest.mark.parametrize("name", ["README.md", "openai_streaming.py"])
@pytest.mark.parametrize("order", ["please refuse", "please fail"])
def test_an_error_does_not_end_the_chat(name: str, order: str, page: Page) -> None:
    """It is told below what came of the answer, and the next message is answered."""
    root = EXAMPLES.parent
    command = ["-c", _program(root / name)] if name.endswith(".md") else [str(EXAMPLES / name)]
    with (
        Obedient() as provider,
        gradio_app(
            command, port=free_port(), OPENAI_BASE_URL=provider.url, OPENAI_API_KEY=KEY
        ) as running,
    ):
        chat = Chat(page, running.url)
        chat.send(order)
        expect(page.get_by_text("the door is locked").first).to_be_visible(timeout=60_000)
        assert ("It went well." in page.content()) == (order == "please fail")
        chat.screenshot(f"error-{Path(name).stem}-{order[7:]}")
        assert chat.ask("go on").endswith("go on")
