"""The chat app of Streamlit's tutorial: `st.write_stream`."""

import streamlit as st

from benchmarks.metronome import speak

st.title("Simple chat")
if "messages" not in st.session_state:
    st.session_state.messages = []
for message in st.session_state.messages:
    with st.chat_message(message["role"]):
        st.markdown(message["content"])

if prompt := st.chat_input("What is up?"):
    with st.chat_message("user"):
        st.markdown(prompt)
    st.session_state.messages.append({"role": "user", "content": prompt})
    with st.chat_message("assistant"):
        response = st.write_stream(speak(prompt))
    st.session_state.messages.append({"role": "assistant", "content": response})
