"""A process that gets no processor for a while is not told that its provider was silent."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.posting import read_request

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="nothing stops a process")

READ = """
import asyncio, sys
from chatadapters import Retry, Timeout, make_predict
from chatadapters.backends.text_generation import TextGenerationBackend

class Threaded(TextGenerationBackend):
    def timed_stream(self, payload, timeout):
        return None

url, colour = sys.argv[1:]
kind = Threaded if colour == "thread" else TextGenerationBackend
patience = {"timeout": Timeout(first=30, idle=2), "retry": Retry(attempts=1)}
predict = make_predict(kind(base_url=url, wire="completions", model="m"), **patience)

def show(text):
    print(len(text), flush=True)

async def main():
    async for text in predict.aio("Hi"):
        show(text)

if colour == "async":
    asyncio.run(main())
else:
    for text in predict("Hi"):
        show(text)
"""


TOKEN = b'data: {"choices": [{"text": "x"}]}\n\n'
END = b'data: {"choices": [{"text": "", "finish_reason": "stop"}]}\n\n'


@pytest.fixture(scope="module")
def heard() -> dict[str, tuple[bytes, bytes]]:
    """Stop readers in mid-reply for longer than `Timeout.idle`; give what each said."""
    colours = ("sync", "thread", "async")
    with ThreadPoolExecutor(len(colours)) as pool:
        return dict(zip(colours, pool.map(_stopped, colours), strict=True))


def _stopped(colour: str) -> tuple[bytes, bytes]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        command = [sys.executable, "-c", READ, url, colour]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reader:
            connection, _ = listener.accept()
            read_request(connection)  # what is left unread resets what is closed
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + TOKEN)
            assert reader.stdout
            assert reader.stdout.readline()
            reader.send_signal(signal.SIGSTOP)
            connection.sendall(TOKEN * 9 + END)
            connection.close()
            time.sleep(3)
            reader.send_signal(signal.SIGCONT)
            return reader.communicate(timeout=60)


@pytest.mark.parametrize("colour", ["sync", "thread", "async"])
def test_what_came_meanwhile_is_read_before_a_stall_is_told(
    colour: str, heard: dict[str, tuple[bytes, bytes]]
) -> None:
    """Stopped for longer than `Timeout.idle`, it goes on with what waits in its socket."""
    out, err = heard[colour]
    assert (out.split()[-1:], err) == ([b"10"], b"")


ASK = """
import asyncio, os, signal, sys
from chatadapters import Retry, Timeout, text_generation_predict

def token():
    os.kill(os.getpid(), signal.SIGSTOP)
    return "key"

url, colour = sys.argv[1:]
patience = {"timeout": Timeout(first=2), "retry": Retry(attempts=1)}
predict = text_generation_predict(url, wire="completions", model="m", token=token, **patience)
reply = predict.complete("Hi") if colour == "sync" else asyncio.run(predict.aio.complete("Hi"))
print(reply.text)
"""


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_a_server_has_its_time_when_it_was_asked_late(colour: str) -> None:
    """Stopped for longer than `Timeout.first` before it asked, it waits for the answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        command = [sys.executable, "-c", ASK, url, colour]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as asker:
            os.waitpid(asker.pid, os.WUNTRACED)
            time.sleep(3)
            asker.send_signal(signal.SIGCONT)
            connection, _ = listener.accept()
            read_request(connection)
            time.sleep(0.3)
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + TOKEN + END)
            connection.close()
            out, err = asker.communicate(timeout=60)
    assert (out.split(), err) == ([b"x"], b"")
