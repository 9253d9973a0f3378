"""Streamlit: `streamlit run streamlit_app.py`. The embedded model; no key."""

from __future__ import annotations

import streamlit as st

from chatadapters import Predict, local_predict
from chatadapters.ui import explain


@st.cache_resource
def model() -> Predict:
    """Make the predict once for all sessions; Streamlit runs this file for every message."""
    system = "Give short, clear answers in English."
    return local_predict(system=system, max_tokens=256, additional_inputs=("temperature",))


st.title("Ask SmolLM2")
temperature = st.sidebar.slider("Temperature", 0.0, 2.0, 0.2)
messages = st.session_state.setdefault("messages", [])
for message in messages:
    st.chat_message(message["role"]).markdown(message["content"]["text"])

if prompt := st.chat_input("Say something", accept_file="multiple", submit_mode="stop"):
    st.chat_message("user").markdown(prompt.text)
    history, answer = [*messages], {"text": ""}
    messages += [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
    place = st.chat_message("assistant").empty()
    try:
        for answer["text"] in model()(prompt, history, temperature):  # kept, whatever ends it
            place.markdown(answer["text"])
    except Exception as error:
        st.error(explain(error))
