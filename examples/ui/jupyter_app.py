"""Jupyter: `from jupyter_app import chat; chat()` in a notebook. The embedded model; no key."""

from __future__ import annotations

import asyncio

import ipywidgets as widgets

from chatadapters import local_predict
from chatadapters.ui import explain

predict = local_predict(system="Give short, clear answers in English.", temperature=0.2)


def chat() -> widgets.VBox:
    """Make a chat of widgets; as a cell's last expression it is shown."""
    history: list[dict[str, str]] = []
    running: list[asyncio.Task[None]] = []
    talk = widgets.VBox()
    box = widgets.Text(placeholder="Say something", continuous_update=False)
    stop = widgets.Button(description="Stop")

    async def answer(message: str) -> None:
        turns, reply = [*history], {"role": "assistant", "content": ""}
        history.extend(({"role": "user", "content": message}, reply))
        place = widgets.HTMLMath()
        talk.children += (widgets.Label(f"> {message}"), place)
        try:
            async for reply["content"] in predict.aio(message, turns):
                place.value = reply["content"]
        except Exception as error:
            place.value += f"<p><b>{explain(error)}</b></p>"

    def send(change: dict[str, str]) -> None:
        if change["new"]:
            running[:] = [asyncio.create_task(answer(change["new"]))]
            box.value = ""

    box.observe(send, "value")
    stop.on_click(lambda _: [task.cancel() for task in running])
    return widgets.VBox([talk, widgets.HBox([box, stop])])
