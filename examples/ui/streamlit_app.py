"""Streamlit: `streamlit run streamlit_app.py`. The embedded model; no key."""

from __future__ import annotations

import streamlit as st

from chatadapters import Predict, local_predict
from chatadapters.ui import explain


@st.cache_resource
def model() -> Predict:
    """Make the predict once for all sessions; Streamlit runs this file for every message."""
    return local_predict(system="Give short, clear answers in English.", temperature=0.2)


st.title("Ask SmolLM2")
messages = st.session_state.setdefault("messages", [])
for message in messages:
    st.chat_message(message["role"]).markdown(message["content"])

if prompt := st.chat_input("Say something", submit_mode="stop"):
    st.chat_message("user").markdown(prompt)
    history = [*messages]
    answer = {"role": "assistant", "content": ""}
    messages += [{"role": "user", "content": prompt}, answer]
    place = st.chat_message("assistant").empty()
    try:
        for text in model()(prompt, history):
            answer["content"] = text  # kept, whatever ends the answer
            place.markdown(text)
    except Exception as error:
        st.error(explain(error))
