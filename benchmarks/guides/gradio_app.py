"""The streaming chatbot of Gradio's guide: the reply so far with every token."""

import gradio as gr

from benchmarks.metronome import speak


def slow_echo(message, history):  # noqa: ARG001
    """Answer."""
    partial = ""
    for token in speak(message):
        partial += token
        yield partial


# Gradio 6 knows one kind of history and no longer takes its name.
kind = {"type": "messages"} if gr.__version__.startswith("5.") else {}
gr.ChatInterface(slow_echo, **kind).launch()
