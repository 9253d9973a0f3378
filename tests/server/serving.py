"""Any predict as a real server on loopback, for the tests of this folder."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

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


ASK: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
