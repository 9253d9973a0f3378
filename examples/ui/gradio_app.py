"""Gradio 5 and 6: `python gradio_app.py`. The embedded model; no key."""

from __future__ import annotations

import gradio as gr

from chatadapters import local_predict
from chatadapters.ui import for_gradio

predict = local_predict(
    system="Give short, clear answers in English.", temperature=0.2, show_reasoning=True
)

# Gradio 6 knows one kind of history and no longer takes its name.
kind = {"type": "messages"} if gr.__version__.startswith("5.") else {}
demo = gr.ChatInterface(for_gradio(predict), title="Ask SmolLM2", **kind)

if __name__ == "__main__":
    demo.launch()
