"""Gradio 5 and 6: `python gradio_app.py`. The embedded model; no key."""

from __future__ import annotations

import gradio as gr

from chatadapters import local_predict
from chatadapters.ui import for_gradio

predict = local_predict(
    system="Give short, clear answers in English.",
    max_tokens=256,
    show_reasoning=True,
    additional_inputs=("temperature",),
)

# Gradio 6 knows one kind of history and no longer takes its name.
kind = {"type": "messages"} if gr.__version__.startswith("5.") else {}
demo = gr.ChatInterface(
    for_gradio(predict),
    multimodal=True,
    textbox=gr.MultimodalTextbox(file_count="multiple", sources=["upload"], stop_btn=True),
    title="Ask SmolLM2",
    additional_inputs=[gr.Slider(0, 2, 0.2, step=0.1, label="Temperature")],
    editable=True,
    concurrency_limit=8,  # answers at once; Gradio's default is 1
    **kind,
)

if __name__ == "__main__":
    demo.launch()
