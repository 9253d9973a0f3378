"""A server of OpenAI's API that repeats what it is told, slowly, and often fails at first."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse

from chatadapters import echo_predict
from chatadapters.server import asgi
from tests.apps import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send


class Parrots:
    """The app; every third prompt is refused the first time it is asked, "never ..." always.

    Attributes:
        asked: What was asked and not refused, in order.
        keys: The keys that were sent.
    """

    def __init__(self) -> None:
        self.app: ASGIApp = asgi({"parrot": echo_predict(delay=0.01)})
        self.asked: list[str] = []
        self.keys: set[str] = set()
        self._refused: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        request = Request(scope, receive)
        body = await request.body()
        prompt = json.loads(body)["messages"][-1]["content"]
        self.keys.add(request.headers.get("authorization", ""))
        if prompt.startswith("never"):
            refusal = JSONResponse({"error": {"message": "not that"}}, 400)
            return await refusal(scope, receive, send)
        if int(prompt.split()[-1]) % 3 == 0 and prompt not in self._refused:
            self._refused.add(prompt)
            refusal = JSONResponse({"error": {"message": "busy"}}, 503, {"retry-after-ms": "10"})
            return await refusal(scope, receive, send)
        self.asked.append(prompt)

        async def again() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        waiting = iter([again])

        async def get() -> Any:
            ready = next(waiting, receive)
            return await ready()

        return await self.app(scope, get, send)


@contextmanager
def parrots() -> Iterator[tuple[Parrots, str]]:
    """Serve for a while; give the app and the address of its API."""
    app, port = Parrots(), free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield app, f"http://127.0.0.1:{port}/v1"
    finally:
        server.should_exit = True
        thread.join()


def prompts(folder: Path, count: int) -> Path:
    """Write prompts."""
    file = folder / "prompts.jsonl"
    rows = [{"key": f"k{number}", "prompt": f"say {number}"} for number in range(count)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def answers(file: Path) -> dict[str, dict[str, Any]]:
    """Read answers by key, each of which is there once."""
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    found = {row["key"]: row for row in rows}
    assert len(found) == len(rows)
    return found
