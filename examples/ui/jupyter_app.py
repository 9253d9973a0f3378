"""Jupyter: `from jupyter_app import chat; chat()` in a notebook. The embedded model; no key."""

from __future__ import annotations

import asyncio
from html import escape

import ipywidgets as widgets

from chatadapters import local_predict
from chatadapters.ui import Conversation

SYSTEM = "Give short, clear answers in English."
predict = local_predict(system=SYSTEM, max_tokens=256, additional_inputs=("temperature",))


def chat() -> widgets.VBox:
    """Make a chat of widgets; as a cell's last expression it is shown."""
    conversation = Conversation(predict, inputs=lambda: {"temperature": temperature.value})
    running: list[asyncio.Task[None]] = []
    talk = widgets.VBox()
    box = widgets.Text(placeholder="Say something", continuous_update=False)
    stop = widgets.Button(description="Stop")
    files = widgets.FileUpload(multiple=True)
    temperature = widgets.FloatSlider(0.2, max=2, readout_format=".1f")

    async def answer() -> None:
        await asyncio.sleep(0.2)  # a browser tells of Enter first, and then what the text is
        message, box.value = box.value, ""
        if not (message.strip() or files.value):
            return
        texts = conversation.aask(message, files.value)
        files.value = ()
        place = widgets.HTML()
        talk.children += (widgets.Label(f"> {message}"), place)
        async for text in texts:
            place.value = f"<pre style='white-space: pre-wrap'>{escape(text)}</pre>"

    def send(_box: widgets.Text, event: dict[str, str], _buffers: list[memoryview]) -> None:
        if event == {"event": "submit"} and all(task.done() for task in running):
            running[:] = [asyncio.create_task(answer())]

    box.on_msg(send)  # its value changes also when the person goes elsewhere
    stop.on_click(lambda _: [task.cancel() for task in running])
    settings = widgets.HBox([files, widgets.Label("Temperature"), temperature])
    return widgets.VBox([talk, widgets.HBox([box, stop]), settings])
