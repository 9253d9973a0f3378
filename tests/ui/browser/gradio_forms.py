"""A chat of Gradio's with a predict as it is, its async twin, or `for_gradio`; MCP is on."""

from __future__ import annotations

import sys

import gradio as gr

import chatadapters  # its embedded model does as it is told
from chatadapters.ui import for_gradio

predict = chatadapters.local_predict(
    system="Give short, clear answers in English.", additional_inputs=("temperature",)
)
forms = {"predict": predict, "predict.aio": predict.aio, "for_gradio": for_gradio(predict)}

demo = gr.ChatInterface(
    forms[sys.argv[1]],
    title="Every parameter",
    description="What can be given beside the function",
    additional_inputs=[gr.Slider(0, 2, 0.2, step=0.1, label="Temperature")],
    examples=[["an example", 1.5]],
    run_examples_on_click=False,
    editable=True,
    flagging_mode="manual",
    concurrency_limit=8,
    save_history=False,
    **({"type": "messages"} if gr.__version__.startswith("5.") else {}),
)


def ask(message: str, temperature: float = 0.2) -> str:
    """Ask the model.

    Args:
        message: The question.
        temperature: How free the answer is.
    """
    return predict.complete(message, None, temperature).text


with demo:
    gr.api(ask)  # type: ignore[attr-defined] # Gradio has it, but does not export it to types

if __name__ == "__main__":
    demo.launch(mcp_server=sys.argv[1] != "for_gradio")
