"""The streaming loop of Chainlit's docs: `stream_token` with every token."""

import chainlit as cl

from benchmarks.metronome import speak_async


@cl.on_message
async def main(message: cl.Message):
    """Answer."""
    answer = cl.Message(content="")
    async for token in speak_async(message.content):
        await answer.stream_token(token)
    await answer.update()
