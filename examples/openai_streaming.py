"""Streaming with OpenAI or any server that speaks its API; without a key, the embedded model."""

from __future__ import annotations

import os

import gradio as gr

from chatadapters import local_predict, openai_predict
from chatadapters.ui import for_gradio

SYSTEM = "You are a helpful AI assistant. Give short, clear answers in English."

if os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL"):
    model = os.environ.get("OPENAI_MODEL", "gpt-4o-mini")
    predict = openai_predict(model, system=SYSTEM)
else:
    model = "SmolLM2"
    predict = local_predict(system=SYSTEM, temperature=0.2, max_tokens=256)

demo = gr.ChatInterface(for_gradio(predict), title=f"Chat with {model}")

if __name__ == "__main__":
    demo.launch(show_error=True)
