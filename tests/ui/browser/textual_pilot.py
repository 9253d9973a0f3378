"""Runs in Textual's environment: a person at the terminal of the example."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from textual.widgets import Input, Markdown
from textual_app import Chat  # type: ignore[import-not-found] # the example's folder is on the path


async def main() -> None:
    app = Chat()
    async with app.run_test(size=(60, 14)) as pilot:
        app.query_one(Input).focus()

        async def say(message: str, wanted: str) -> list[str]:
            """Send a message; give the states of its answer until it has some text."""
            await pilot.press(*message, "enter")
            seen = []
            for _ in range(600):
                await pilot.pause(0.05)
                last = [*app.query(Markdown)][-1].source
                seen.append(last)
                if wanted in last:
                    return list(dict.fromkeys(seen))
            raise AssertionError(f"{wanted!r} is in none of {seen}")

        await pilot.press("enter")
        await say("one", "told: one")
        await pilot.pause(0.5)
        assert len(await say("slow", "word30")) > 3
        await pilot.press("escape", "pageup")
        await pilot.pause(0.5)
        assert app.talk.scroll_y < app.talk.max_scroll_y
        await say("fail", "the door is locked")
        await pilot.pause(0.5)
        assert app.talk.scroll_y == app.talk.max_scroll_y > 0
        await say("think", "42")
        await pilot.pause(0.5)
        await pilot.press("f2")
        await say("last", "/ last")
        app.save_screenshot(str(Path(sys.argv[1])))


asyncio.run(main())
