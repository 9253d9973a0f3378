"""What a scripted backend was asked, and how an async generator is read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chatadapters import Finish, ImagePart, Predict, make_predict
from chatadapters.testing import Pause, ScriptedBackend

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

IMAGE = ImagePart("data:image/png;base64,iVBORw0KGgo=", "px.png")


class Refusal(Exception):
    """What an SDK raises for a message that its provider does not take."""

    status_code = 400


def asked(backend: ScriptedBackend) -> list[tuple[str, Any]]:
    """Give role and content of the messages of the last request."""
    return [(message["role"], message["content"]) for message in backend.requests[-1]["messages"]]


def answering(*scripts: Any, **options: Any) -> tuple[ScriptedBackend, Predict]:
    """Give a backend that plays scripts, and its predict without pacing.

    The steps of a script come one by one, so that each is a value of its own.
    """
    backend = ScriptedBackend(*[_one_by_one(script) for script in scripts or ("Hello you",)])
    return backend, make_predict(backend, pace=0, **options)


def _one_by_one(script: Any) -> list[Any]:
    steps = [*re.findall(r" ?\S+", script), Finish("stop")] if isinstance(script, str) else script
    return [part for step in steps for part in (step, Pause(0.02))]


async def listed(values: AsyncGenerator[Any, None]) -> list[Any]:
    """Give all values of an async generator."""
    return [value async for value in values]
