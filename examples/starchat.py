"""An open model behind a text-generation server, talked to in StarChat's dialogue template.

`TGI_URL` is the server of a StarChat model, `TGI_TOKEN` its token if it wants one. Without them
a small server of the same protocol starts here, with the embedded model and that one's template.
"""

from __future__ import annotations

import atexit
import os
from contextlib import ExitStack

import gradio as gr

from chatadapters import get_template, text_generation_predict
from chatadapters.testing import tgi_server
from chatadapters.ui import for_gradio

at_exit = ExitStack()
atexit.register(at_exit.close)

if "TGI_URL" in os.environ:
    url, template = os.environ["TGI_URL"], get_template("starchat")
    system = "Below is a dialogue between a human user and a helpful AI coding assistant."
else:
    url, template = at_exit.enter_context(tgi_server()).base_url, get_template("chatml")
    system = "Give short, clear answers in English."  # it is a very small model

predict = text_generation_predict(
    url,
    template=template,
    token=os.environ.get("TGI_TOKEN"),
    system=system,
    do_sample=True,
    repetition_penalty=1.2,
    truncate=4096,
    seed=42,
    stop_sequences=template.stop,
    additional_inputs=("temperature", "top_p", "max_new_tokens"),
)

demo = gr.ChatInterface(
    for_gradio(predict),
    title="StarChat",
    additional_inputs=[
        gr.Slider(0.01, 2, 0.2, label="Temperature"),
        gr.Slider(0.01, 0.99, 0.95, label="Top-p"),
        gr.Slider(1, 2048, 256, step=1, label="Most new tokens"),
    ],
)

if __name__ == "__main__":
    demo.launch(show_error=True)
