"""The streaming chatbot of Gradio's guide: the reply so far with every token."""

import gradio as gr

from benchmarks.metronome import speak


def slow_echo(message, history):  # noqa: ARG001
    """Answer."""
    partial = ""
    for token in speak(message):
        partial += token
        yield partial


gr.ChatInterface(slow_echo).launch()
