"""The chat of Shiny's docs: `append_message_stream`."""

from shiny import App, ui
from shinychat import Chat, chat_ui

from benchmarks.metronome import speak_async

page = ui.page_fillable(chat_ui("chat"), fillable_mobile=True)


def server(input):  # noqa: A002, ARG001 - Shiny's name for it
    """Serve one session."""
    chat = Chat("chat")

    @chat.on_user_submit
    async def answer(user_input: str):
        await chat.append_message_stream(speak_async(user_input))


app = App(page, server)
