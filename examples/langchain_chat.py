"""A LangChain chat model behind a chat UI; without a key, it talks to the embedded model."""

from __future__ import annotations

import os

import gradio as gr
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from chatadapters import Retry, langchain_predict
from chatadapters.testing import ModelServer
from chatadapters.ui import for_gradio

SYSTEM = "You are a helpful AI assistant. Give short, clear answers in English."

if os.environ.get("OPENAI_API_KEY"):
    name = os.environ.get("OPENAI_MODEL", "gpt-4o-mini")
    model = ChatOpenAI(model=name, max_retries=0)
else:
    server = ModelServer()  # speaks OpenAI's API on this machine
    name = server.model
    model = ChatOpenAI(
        model=name, base_url=server.base_url, api_key=SecretStr("none"), max_retries=0
    )

# The model's own retries are off, so that ours are the only ones; any chain or graph may stand
# where the model does.
predict = langchain_predict(model, system=SYSTEM, retry=Retry(), max_tokens=256)

demo = gr.ChatInterface(for_gradio(predict), title=f"LangChain with {name}")

if __name__ == "__main__":
    demo.launch(show_error=True)
