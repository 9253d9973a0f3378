"""The command `chatadapters serve`: a real server in a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpx2
import openai
import pytest

from chatadapters.cli import main
from tests.server.serving import ASK

if TYPE_CHECKING:
    from collections.abc import Generator

ECHO = ["-m", "chatadapters", "serve", "--backend", "echo", "--port", "0"]
#: A server whose replies last for ever, or for one second, and which waits for them so long; it
#: says when it was asked for one.
SLOW = """
import sys
from chatadapters import Finish, make_predict
from chatadapters.server import asgi, serve
from chatadapters.testing import Pause, ScriptedBackend
class Told(ScriptedBackend):
    def _next(self, payload):
        print("asked", flush=True)
        return super()._next(payload)
backend = Told(["Hello", Pause({seconds}), " you", Finish("stop")])
app = asgi({{"m": make_predict(backend)}})
serve(app, port=0, grace={grace}, on_ready=lambda url: print(url, flush=True))
print("ended", len(backend.closed), flush=True)
"""


@contextmanager
def process(*args: str, **env: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    """Run Python and give the process with the address that it says it serves on."""
    with subprocess.Popen(
        [sys.executable, *args],
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            assert running.stdout
            line = running.stdout.readline()
            found = re.search(r"http://\S+/v1", line)
            assert found, (line, running.stderr and running.stderr.read())
            yield running, found[0]
        finally:
            running.kill()


def test_a_served_backend_answers_whoever_has_a_key() -> None:
    """The official client talks to it, and nobody without a key does."""
    with process(*ECHO, CHATADAPTERS_API_KEYS="one,two") as (_, url):
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


@pytest.mark.parametrize("empty", ["", " , "])
def test_keys_that_are_empty_do_not_open_the_door(
    empty: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They come from a variable that was not set where the keys should have come from."""
    monkeypatch.setenv("CHATADAPTERS_API_KEYS", empty)
    assert main(["serve", "--backend", "echo", "--port", "0"]) == 2
    assert "CHATADAPTERS_API_KEYS is set, but empty" in capsys.readouterr().err


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_asked(end: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end it at once, without a word and with exit code 0."""
    with process(*ECHO) as (server, url):
        assert httpx2.get(f"{url}/models").status_code == 200
        server.send_signal(end)
        assert server.communicate(timeout=20) == ("", "")
        assert server.returncode == 0


def test_a_taken_port_is_named() -> None:
    """The command says so in one line and exits with 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, *ECHO[:-1], port],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(rf"chatadapters: error: .*port {port}.*taken.*\n", done.stderr)


def events(answer: httpx2.Response) -> list[Any]:
    data = [line[6:] for line in answer.iter_lines() if line.startswith("data: ")]
    return [each if each == "[DONE]" else json.loads(each) for each in data]


def test_a_stream_that_runs_may_end_before_the_server_does() -> None:
    """After SIGTERM nobody new is let in, and the reply comes whole."""
    with process("-c", SLOW.format(seconds=1, grace=60)) as (server, url):
        with httpx2.stream("POST", f"{url}/chat/completions", json={**ASK, "stream": True}) as it:
            server.send_signal(signal.SIGTERM)
            came = events(it)
            with pytest.raises(httpx2.ConnectError):
                httpx2.get(f"{url}/models")
        assert came[-1] == "[DONE]"
        assert came[-2]["choices"][0]["finish_reason"] == "stop"
        out, err = server.communicate(timeout=20)
    assert (server.returncode, out, err) == (0, "asked\nended 1\n", "")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_stream_that_lasts_too_long_is_told(end: signal.Signals) -> None:
    """Its last event is an error that says why, and the backend's stream is closed."""
    with process("-c", SLOW.format(seconds=600, grace=2)) as (server, url):
        with httpx2.stream("POST", f"{url}/chat/completions", json={**ASK, "stream": True}) as it:
            server.send_signal(end)
            began = time.monotonic()
            came = events(it)
        assert came[-1]["error"]["message"] == "the server is shutting down"
        assert time.monotonic() - began < 20
        out, _ = server.communicate(timeout=20)
    assert (server.returncode, out) == (0, "asked\nended 1\n")


def test_a_whole_reply_that_lasts_too_long_is_a_503() -> None:
    """A client that waits for a whole reply gets a status, not a broken connection."""
    with process("-c", SLOW.format(seconds=600, grace=2)) as (server, url):

        def end_when_asked() -> None:
            assert server.stdout
            server.stdout.readline()
            server.send_signal(signal.SIGTERM)

        with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as ai:
            ending = Thread(target=end_when_asked)
            ending.start()
            with pytest.raises(openai.InternalServerError, match="shutting down") as caught:
                ai.chat.completions.create(**ASK)
            ending.join()
        assert caught.value.status_code == 503
        server.communicate(timeout=20)
    assert server.returncode == 0


def test_a_server_of_the_embedded_model_ends_in_the_middle_of_a_reply() -> None:
    """SIGTERM ends it although llama.cpp computes, and the client is told."""
    command = ["-m", "chatadapters", "serve", "--port", "0", "--max-tokens", "3000"]
    body = {**ASK, "model": "smollm2", "stream": True}
    body["messages"] = [{"role": "user", "content": "Write a very long story about dragons."}]
    with process(*command) as (server, url):
        with httpx2.stream("POST", f"{url}/chat/completions", json=body, timeout=60) as answer:
            lines = answer.iter_lines()
            next(lines)
            server.send_signal(signal.SIGTERM)
            last = [line for line in lines if line][-1]
        assert "[DONE]" in last or "shutting down" in last
        server.communicate(timeout=30)
    assert server.returncode == 0
