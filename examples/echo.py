"""The smallest chat: the message comes back letter by letter. Needs no model and no key."""

from __future__ import annotations

import gradio as gr

from chatadapters import echo_predict

predict = echo_predict(delay=0.02)

demo = gr.ChatInterface(predict, title="Echo", examples=["Hello!", "How are you?"])

if __name__ == "__main__":
    demo.launch()
