"""The command `chatadapters serve`: a real server in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import openai
import pytest


@pytest.fixture
def url() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "chatadapters", "serve", "--backend", "echo"]
    process = subprocess.Popen(
        [*command, "--port", str(port)], env={**os.environ, "CHATADAPTERS_API_KEYS": "one,two"}
    )
    for _ in range(600):
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/v1"
    process.send_signal(signal.SIGINT)
    process.wait(20)


def test_a_served_backend_answers_whoever_has_a_key(url: str) -> None:
    """The official client talks to it, and nobody without a key does."""
    with openai.OpenAI(base_url=url, api_key="two", max_retries=0) as client:
        (model,) = client.models.list()
        reply = client.chat.completions.create(
            model=model.id, messages=[{"role": "user", "content": "hello"}]
        )
    assert reply.choices[0].message.content == "hello"
    with (
        openai.OpenAI(base_url=url, api_key="three", max_retries=0) as client,
        pytest.raises(openai.AuthenticationError),
    ):
        client.models.list()
