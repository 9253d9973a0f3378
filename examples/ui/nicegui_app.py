"""NiceGUI: `python nicegui_app.py`. The embedded model; no key."""

from __future__ import annotations

import asyncio
import os

from nicegui import events, ui

from chatadapters import local_predict
from chatadapters.ui import Conversation

# Keeps the end in sight, until the person scrolls up.
FOLLOW = """
document.body.style.overflowAnchor = "none";
const end = document.documentElement.scrollHeight;
if (scrollY + innerHeight > window.end - 50) scrollTo(0, end);
window.end = end;
"""
SYSTEM = "Give short, clear answers in English."
predict = local_predict(system=SYSTEM, max_tokens=256, additional_inputs=("temperature",))


@ui.page("/")
def chat() -> None:
    """Show one conversation."""
    conversation = Conversation(predict, inputs=lambda: {"temperature": temperature.value})
    files: list[dict[str, object]] = []
    running: list[asyncio.Task[None]] = []
    client = ui.context.client

    async def answer(message: str) -> None:
        with talk:
            ui.chat_message([message, *(str(file["name"]) for file in files)], sent=True)
            with ui.chat_message(name="SmolLM2"):
                place = ui.markdown()
        texts = conversation.aask(message, files)
        files.clear()
        upload.reset()
        client.run_javascript("window.end = 0")
        async for text in texts:
            place.content = text
            client.run_javascript(FOLLOW)

    def send() -> None:
        if (box.value.strip() or files) and all(task.done() for task in running):
            running[:] = [asyncio.create_task(answer(box.value))]
            box.value = ""

    def stop() -> None:
        for task in running:
            task.cancel()

    async def attach(event: events.UploadEventArguments) -> None:
        files.append({"name": event.file.name, "content": await event.file.read()})

    talk = ui.column().classes("w-full items-stretch")
    box = ui.input("Say something").on("keydown.enter", send).classes("w-full")
    with ui.row():
        ui.button("Stop", on_click=stop)
        upload = ui.upload(label="Files", on_upload=attach, auto_upload=True, multiple=True)
        temperature = ui.number("Temperature", value=0.2, max=2, step=0.1).classes("w-32")
    client.on_disconnect(stop)  # a closed page reads no answer


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8080"))
    ui.run(title="Ask SmolLM2", host="127.0.0.1", port=port, show=False, reload=False)
