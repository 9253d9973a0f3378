from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from chatadapters import Finish, Reasoning
from chatadapters.testing import Pause
from chatadapters.ui import for_marimo
from tests.ui.asked import IMAGE, answering, asked, listed
from tests.ui_shapes import PNG_URL, MarimoFile, MarimoMessage, MarimoPart


@dataclass
class Config:
    """The fields of marimo's `ChatModelConfig`, with what it sends by itself."""

    max_tokens: int | None = 4096
    temperature: float | None = 0.5
    top_p: float | None = 1.0
    top_k: int | None = 40
    frequency_penalty: float | None = 0.0
    presence_penalty: float | None = 0.0


MESSAGES = [
    MarimoMessage("user", "hi", "u1", [MarimoPart("text", "hi")]),
    MarimoMessage(
        "assistant",
        "why\nyo",
        "a",
        [MarimoPart("step-start"), MarimoPart("reasoning", "why"), MarimoPart("text", "yo")],
    ),
    MarimoMessage(
        "user",
        "\nsee",
        "u2",
        [MarimoFile("file", "image/png", PNG_URL, "px.png"), MarimoPart("text", "see")],
    ),
]


async def test_deltas_of_a_conversation_with_files() -> None:
    """Only what is new is given; reasoning is not sent back, the file is sent."""
    backend, predict = answering()
    assert await listed(for_marimo(predict)(MESSAGES, Config())) == ["Hello", " you"]
    *before, (role, current) = asked(backend)
    assert before == [("user", "hi"), ("assistant", "yo")]
    assert (role, current[0]) == ("user", IMAGE)


async def test_settings_that_nobody_named_are_not_sent() -> None:
    """Marimo's defaults reach no provider that was not meant to get them."""
    backend, predict = answering()
    await listed(for_marimo(predict)(MESSAGES[:1], Config()))
    assert backend.requests[-1].keys() == {"messages"}


@pytest.mark.parametrize("config", [Config(temperature=0.1), {"temperature": 0.1, "top_k": 3}])
async def test_named_settings_are_sent(config: Any) -> None:
    """A setting that is an additional input is passed on."""
    backend, predict = answering(additional_inputs=("temperature", "max_tokens"))
    await listed(for_marimo(predict, inputs=lambda: {"max_tokens": 9})(MESSAGES[:1], config))
    request = backend.requests[-1]
    assert (request["temperature"], request["max_tokens"]) == (0.1, 9)
    assert "top_k" not in request


async def test_no_settings() -> None:
    """The settings may be missing."""
    backend, predict = answering(additional_inputs=("temperature",))
    await listed(for_marimo(predict)(MESSAGES[:1], None))
    assert "temperature" not in backend.requests[-1]


async def test_reasoning_comes_as_events() -> None:
    """Reasoning is a block that begins, grows and ends before the answer."""
    script = [Reasoning("Hm"), Reasoning("m."), "Yes", " sir", Finish("stop")]
    _, predict = answering(script, show_reasoning=True)
    assert await listed(for_marimo(predict)(MESSAGES[:1], Config())) == [
        {"type": "reasoning-start", "id": "reasoning"},
        {"type": "reasoning-delta", "id": "reasoning", "delta": "Hm"},
        {"type": "reasoning-delta", "id": "reasoning", "delta": "m."},
        {"type": "reasoning-end", "id": "reasoning"},
        "Yes",
        " sir",
    ]


async def test_stop_ends_the_providers_work() -> None:
    """Closing the generator closes the stream."""
    backend, predict = answering(["Well", Pause(60)])
    replies = for_marimo(predict)(MESSAGES[:1], Config())
    assert await anext(replies) == "Well"
    await replies.aclose()
    assert len(backend.closed) == 1


async def test_an_error_is_told() -> None:
    """An error is an event after what came, without what was sent."""
    _, predict = answering(["Well", PermissionError("no")])
    *_, told = await listed(for_marimo(predict)(MESSAGES[:1], Config()))
    assert told == {"type": "error", "errorText": "PermissionError: no"}
