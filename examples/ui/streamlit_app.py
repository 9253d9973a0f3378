"""Streamlit: `streamlit run streamlit_app.py`. The embedded model; no key."""

from __future__ import annotations

from typing import Any

import streamlit as st

from chatadapters import Predict, local_predict
from chatadapters.ui import explain


@st.cache_resource
def model() -> Predict:
    """Make the predict once for all sessions; Streamlit runs this file for every message."""
    system = "Give short, clear answers in English."
    return local_predict(system=system, max_tokens=256, additional_inputs=("temperature",))


def show(role: str, content: Any) -> None:
    """Show a turn, with the images and the names of the other files that are in it."""
    with st.chat_message(role):
        st.markdown(content["text"])
        for file in content.get("files", ()):
            if file.type.startswith("image/"):
                st.image(file)
            else:
                st.caption(file.name)


st.title("Ask SmolLM2")
temperature = st.sidebar.slider("Temperature", 0.0, 2.0, 0.2)
messages = st.session_state.setdefault("messages", [])
for message in messages:
    show(**message)

if prompt := st.chat_input("Say something", accept_file="multiple", submit_mode="stop"):
    show("user", prompt)
    history, answer = [*messages], {"text": ""}
    messages += [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
    place = st.chat_message("assistant").empty()
    try:
        for answer["text"] in model()(prompt, history, temperature):  # kept, whatever ends it
            place.markdown(answer["text"])
    except Exception as error:
        st.error(explain(error))
