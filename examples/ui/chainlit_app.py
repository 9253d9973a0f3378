"""Chainlit: `chainlit run chainlit_app.py`. The embedded model; no key."""

from __future__ import annotations

import chainlit as cl
from chainlit.input_widget import Slider, TextInput

from chatadapters import local_predict
from chatadapters.ui import for_chainlit

predict = local_predict(max_tokens=256, additional_inputs=("system", "temperature"))


@cl.on_chat_start
async def start() -> None:
    """Show the settings; their ids are the names of the predict's additional inputs."""
    system = "Give short, clear answers in English."
    await cl.ChatSettings(
        [
            TextInput(id="system", label="System prompt", initial=system),
            Slider(id="temperature", label="Temperature", initial=0.2, max=2, step=0.1),
        ]
    ).send()


cl.on_message(for_chainlit(predict))
