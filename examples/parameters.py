"""What `gr.ChatInterface` can be given beside a function, with the embedded model. No key."""

from __future__ import annotations

import gradio as gr

from chatadapters import Finish, local_predict
from chatadapters.ui import for_gradio


def cut_short(finish: Finish) -> str | None:
    """Give a line to append to an answer that did not end by itself."""
    return "\n\n*(cut at the length limit)*" if finish.reason == "length" else None


SYSTEM = "Give short, clear answers in English."
EXAMPLES: list[list[str | float]] = [
    ["What is the capital of France?", SYSTEM, 0.2],
    ["Introduce yourself.", "You are a pirate. Always start with 'Arrr!'", 0],
]

predict = local_predict(
    max_tokens=256,
    frequency_penalty=0.5,
    additional_inputs=("system", "temperature"),
    notice=cut_short,
)

demo = gr.ChatInterface(
    for_gradio(predict),  # tells errors in the chat; its stop button ends the model's work at once
    title="Ask SmolLM2",
    description="A very small model that runs on this machine.",
    additional_inputs=[
        gr.Textbox(SYSTEM, label="System prompt"),
        gr.Slider(0, 2, 0.2, step=0.1, label="Temperature"),
    ],
    examples=EXAMPLES,
    run_examples_on_click=False,
    # Retry, undo and clear buttons come with the chatbot; these two are extra.
    chatbot=gr.Chatbot(scale=1, buttons=["copy", "copy_all"]),
    textbox=gr.Textbox(placeholder="Ask me anything", submit_btn="Ask", stop_btn="Stop"),
    editable=True,
    save_history=True,
)

if __name__ == "__main__":
    demo.launch(show_error=True)
