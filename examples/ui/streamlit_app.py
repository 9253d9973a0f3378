"""Streamlit: `streamlit run streamlit_app.py`. The embedded model; no key."""

from __future__ import annotations

from typing import Any

import streamlit as st

from chatadapters import Predict, local_predict
from chatadapters.ui import Conversation


@st.cache_resource
def model() -> Predict:
    """Make the predict once for all sessions; Streamlit runs this file for every message."""
    system = "Give short, clear answers in English."
    return local_predict(system=system, max_tokens=256, additional_inputs=("temperature",))


def settings() -> dict[str, float]:
    """Give what the sidebar says."""
    return {"temperature": st.session_state.temperature}


def show(turn: dict[str, Any]) -> None:
    """Show a turn, with its files, and what went wrong with it."""
    content = turn["content"]
    told = content if isinstance(content, dict) else {"text": content, "files": ()}
    with st.chat_message(turn["role"]):
        st.markdown(f"{told['text']}\n\n⚠️ {turn['error']}" if "error" in turn else told["text"])
        for file in told["files"]:
            if file.type.startswith("image/"):
                st.image(file)
            else:
                st.caption(file.name)


st.title("Ask SmolLM2")
st.sidebar.slider("Temperature", 0.0, 2.0, 0.2, key="temperature")
conversation = st.session_state.setdefault("conversation", Conversation(model(), inputs=settings))
for turn in conversation.history:
    show(turn)

if prompt := st.chat_input("Say something", accept_file="multiple", submit_mode="stop"):
    show({"role": "user", "content": dict(prompt)})
    place = st.chat_message("assistant").empty()
    for text in conversation.ask(prompt.text, prompt.files):  # what came is kept, whatever ends it
        place.markdown(text)
