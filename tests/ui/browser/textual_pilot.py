"""Runs in Textual's environment: a person at the terminal of the example."""

from __future__ import annotations

import asyncio

from textual.widgets import Input, Markdown
from textual_app import Chat  # type: ignore[import-not-found] # the example's folder is on the path


async def main() -> None:
    app = Chat()
    async with app.run_test() as pilot:
        app.query_one(Input).focus()

        async def say(message: str, wanted: str) -> None:
            await pilot.press(*message.replace(" ", "_").replace("_", " "), "enter")
            for _ in range(200):
                await pilot.pause(0.05)
                if any(wanted in shown.source for shown in app.query(Markdown)):
                    return
            raise AssertionError(f"{wanted!r} is in none of {[*app.query(Markdown)]}")

        await say("one", "told: one")
        await pilot.pause(0.5)
        await say("slow", "word5")
        await pilot.press("escape")
        await pilot.pause(0.5)
        await say("fail", "PermissionError: the door is locked")
        await say("last", "/ last")


asyncio.run(main())
