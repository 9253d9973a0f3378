"""Any predict as a real server on loopback, for the tests of this folder."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import openai
import uvicorn

from chatadapters import Retry, make_predict
from chatadapters.server import asgi
from chatadapters.testing import ScriptedBackend

if TYPE_CHECKING:
    from collections.abc import Iterator


class Optioned(ScriptedBackend):
    """A scripted backend that takes a temperature, and calls the length limit otherwise."""

    def request_options(self) -> dict[str, str]:
        return {"temperature": "temperature", "max_tokens": "max_new_tokens"}


def scripted(*scripts: Any, **options: Any) -> Any:
    return make_predict(Optioned(*scripts), retry=Retry(attempts=1), **options)


@contextmanager
def serving(predicts: Any, **options: Any) -> Iterator[str]:
    """Run the app on a real server on loopback."""
    app = asgi(predicts, **options)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


def client(url: str, key: str = "none") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)


CHAT = "/v1/chat/completions"
ASK: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


def ask(url: str, body: dict[str, Any], buffer: int = 0) -> socket.socket:
    """Send a request over a socket of its own and read nothing."""
    parts = urlsplit(url)
    connection = socket.socket()
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.connect((parts.hostname, parts.port))
    sent = json.dumps(body).encode()
    head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(sent)}\r\n\r\n"
    connection.sendall(head.encode() + sent)
    return connection


def eventually(condition: Any) -> bool:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(condition())
