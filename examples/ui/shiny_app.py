"""Shiny: `shiny run shiny_app.py`. The embedded model; no key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiny import App, ui
from shinychat import Chat, chat_ui

from chatadapters import local_predict
from chatadapters.ui import for_shiny

if TYPE_CHECKING:
    from shiny import Inputs

predict = local_predict(
    system="Give short, clear answers in English.",
    max_tokens=256,
    additional_inputs=("temperature",),
)

page = ui.page_fillable(
    ui.panel_title("Ask SmolLM2"),
    ui.input_slider("temperature", "Temperature", 0, 2, 0.2, step=0.1),
    # As high as the window leaves room for: without it, the box leaves the window with the answers.
    chat_ui("chat", enable_cancel=True, allow_attachments=True, height="0"),
    fillable_mobile=True,
)


def server(input: Inputs) -> None:  # noqa: A002 - Shiny's name for it
    """Serve one session."""
    chat = Chat("chat")
    options = {"temperature": input.temperature}
    handler = for_shiny(predict, chat, inputs=lambda: {k: get() for k, get in options.items()})
    chat.on_user_submit(handler)


app = App(page, server)
