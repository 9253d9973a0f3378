"""The loop of NiceGUI's chat example: a new element with the reply so far for every token."""

import os

from nicegui import ui

from benchmarks.metronome import speak_async


@ui.page("/")
def main():
    """Show one conversation."""

    async def send():
        question = text.value
        text.value = ""
        with container:
            ui.chat_message(text=question, name="You", sent=True)
            message = ui.chat_message(name="Bot", sent=False)
        response = ""
        async for token in speak_async(question):
            response += token
            message.clear()
            with message:
                ui.html(response, sanitize=False)
            ui.run_javascript("window.scrollTo(0, document.body.scrollHeight)")

    container = ui.column().classes("w-full")
    text = ui.input(placeholder="message").classes("w-full").on("keydown.enter", send)


ui.run(host="127.0.0.1", port=int(os.environ["PORT"]), show=False, reload=False)
