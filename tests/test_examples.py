from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from gradio_client import Client

from tests.apps import free_port, gradio_app

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = sorted(Path(__file__).parent.parent.glob("examples/*.py"))
# What an example is asked beside its first message, where it has settings.
SETTINGS: dict[str, list[Any]] = {"parameters": ["Answer briefly.", 0]}


@pytest.fixture(scope="module", params=EXAMPLES, ids=lambda path: path.stem)
def example(request: pytest.FixtureRequest) -> Iterator[tuple[str, Client]]:
    path: Path = request.param
    port = free_port()
    with gradio_app([str(path)], port=port) as running:
        yield path.stem, Client(running.url, verbose=False)


def test_an_example_streams_an_answer(example: tuple[str, Client]) -> None:
    """Each example starts, answers a message, and its answer grows."""
    name, client = example
    question = "What is the capital of France? Answer in one sentence."
    job = client.submit(question, *SETTINGS.get(name, []), api_name="/predict")
    replies = list(job)
    assert len(replies) > 1
    assert all(len(one) < len(other) for one, other in pairwise(replies))
    assert "France" in replies[-1]


@pytest.mark.parametrize("name", ["openai_streaming", "langchain_chat"])
def test_an_empty_key_is_none(name: str) -> None:
    """As containers hand over a variable that nobody set: the embedded model answers."""
    path = str(Path(__file__).parent.parent / "examples" / f"{name}.py")
    with gradio_app([path], port=free_port(), OPENAI_API_KEY="", OPENAI_BASE_URL="") as running:
        client = Client(running.url, verbose=False)
        assert "failed: " not in str(client.predict("Hello!", api_name="/predict"))
