"""NiceGUI: `python nicegui_app.py`. The embedded model; no key."""

from __future__ import annotations

import asyncio
import os

from nicegui import ui

from chatadapters import local_predict
from chatadapters.ui import explain

predict = local_predict(system="Give short, clear answers in English.", temperature=0.2)


@ui.page("/")
def chat() -> None:
    """Show one conversation."""
    history: list[dict[str, str]] = []
    running: list[asyncio.Task[None]] = []

    async def answer(message: str) -> None:
        turns, reply = [*history], {"role": "assistant", "content": ""}
        history.extend(({"role": "user", "content": message}, reply))
        with talk:
            ui.chat_message(message, sent=True)
            with ui.chat_message(name="SmolLM2"):
                place = ui.markdown()
        try:
            async for reply["content"] in predict.aio(message, turns):
                place.content = reply["content"]
        except Exception as error:
            place.content += f"\n\n**{explain(error)}**"

    def send() -> None:
        running[:] = [asyncio.create_task(answer(box.value))]
        box.value = ""

    talk = ui.column().classes("w-full")
    box = ui.input("Say something").on("keydown.enter", send).classes("w-full")
    ui.button("Stop", on_click=lambda: [task.cancel() for task in running])


port = int(os.environ.get("PORT", "8080"))
ui.run(title="Ask SmolLM2", host="127.0.0.1", port=port, show=False, reload=False)
