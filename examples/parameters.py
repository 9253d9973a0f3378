"""What `gr.ChatInterface` can be given beside a function, with the embedded model. No key."""

from __future__ import annotations

import gradio as gr

from chatadapters import local_predict

predict = local_predict(
    max_tokens=256,
    frequency_penalty=0.5,
    additional_inputs=("system", "temperature"),
    notice=lambda finish: "\n\n*(cut at the length limit)*" if finish.reason == "length" else None,
)

demo = gr.ChatInterface(
    predict.aio,  # the async twin: its stop button ends the model's work at once
    title="Ask SmolLM2",
    description="A very small model that runs on this machine.",
    additional_inputs=[
        gr.Textbox("Give short, clear answers in English.", label="System prompt"),
        gr.Slider(0, 2, 0.2, step=0.1, label="Temperature"),
    ],
    examples=[
        ["What is the capital of France?", None, None],
        ["Introduce yourself.", "You are a pirate. Always start with 'Arrr!'", 0],
    ],
    run_examples_on_click=False,
    # Retry, undo and clear buttons come with the chatbot; these two are extra.
    chatbot=gr.Chatbot(scale=1, buttons=["copy", "copy_all"]),
    textbox=gr.Textbox(placeholder="Ask me anything", submit_btn="Ask", stop_btn="Stop"),
    editable=True,
    save_history=True,
)

if __name__ == "__main__":
    demo.launch(show_error=True)
