"""The streaming chatbot of marimo's docs: an async generator of what is new."""

import marimo

__generated_with = "0.25.2"
app = marimo.App()


@app.cell
def _():
    import marimo as mo

    from benchmarks.metronome import speak_async

    async def streaming_model(messages, config):  # noqa: ARG001
        async for token in speak_async(messages[-1].content):
            yield token

    mo.ui.chat(streaming_model)


if __name__ == "__main__":
    app.run()
