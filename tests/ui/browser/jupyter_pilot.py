"""Runs in an environment of widgets: a person at the example, without a notebook around it."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_app import chat  # type: ignore[import-not-found] # the example's folder is on the path


async def main() -> None:
    talk, controls = chat().children
    box, stop = controls.children

    async def say(message: str, wanted: str) -> None:
        box.value = message
        for _ in range(200):
            await asyncio.sleep(0.05)
            if any(wanted in str(shown.value) for shown in talk.children):
                return
        raise AssertionError(f"{wanted!r} is in none of {texts(talk)}")

    await say("one", "told: one")
    await asyncio.sleep(0.5)
    await say("slow", "word5")
    stop.click()
    await asyncio.sleep(0.5)
    await say("fail", "PermissionError: the door is locked")
    await say("last", "/ last")


def texts(talk: Any) -> list[str]:
    return [shown.value for shown in talk.children]


asyncio.run(main())
