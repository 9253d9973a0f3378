"""The streaming callback of Panel's docs: the reply so far with every token."""

import panel as pn

from benchmarks.metronome import speak_async

pn.extension()


async def callback(contents, user, instance):  # noqa: ARG001
    """Answer."""
    message = ""
    async for token in speak_async(contents):
        message += token
        yield message


pn.chat.ChatInterface(callback=callback).servable()
