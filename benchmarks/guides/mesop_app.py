"""The chat of Mesop's docs: a generator of what is new."""

import mesop as me
import mesop.labs as mel

from benchmarks.metronome import speak


@me.page(path="/", title="Chat")
def page():
    """Show the chat."""
    mel.chat(transform, title="Chat", bot_user="Bot")


def transform(input: str, history: list[mel.ChatMessage]):  # noqa: A002, ARG001
    """Answer."""
    yield from speak(input)
