"""An OpenAI-compatible server that does as it is told, and notes what it was asked."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "sk-this-key-is-never-shown"
# Each way in which a page that shows a text as HTML would run what stands in it.
ATTACK = """So: <img src=x onerror="window.attacked=1"> <script>window.attacked=2</script>
<svg onload="window.attacked=3"></svg>

<div><img src=x onerror="window.attacked=4"></div>

<iframe srcdoc="<script>parent.attacked=5</script>"></iframe>

"""


class Obedient(ThreadingHTTPServer):
    """Fails, thinks or is slow when asked to; else tells the conversation it was given.

    Attributes:
        requests: The bodies it was asked with.
        blind: Whether it refuses a conversation that has an image anywhere, as models do.
        step: Released once for each word of an answer that goes step by step.
        left: How many of its answers were not read to their end.
        whole: How many were.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[dict[str, Any]] = []
        self.left = self.whole = 0
        self.blind = False
        self.step = threading.Semaphore(0)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def asked(self) -> list[tuple[str, str]]:
        """Give role and text of the last request, without the system text."""
        messages = self.requests[-1]["messages"]
        return [(m["role"], _text(m).strip()) for m in messages if m["role"] != "system"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Obedient
    # What it is told in the last message, and how it answers.
    orders: ClassVar = ("refuse", "step", "fail", "slow", "think", "attack")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(body)
        said = _text(body["messages"][-1]).splitlines()[-1]  # a turn without an answer stays
        order = next((order for order in self.orders if order in said), "tell")
        error = {"message": f"the door is locked for {self.headers['Authorization']}"}
        if order == "refuse":
            self._begin(401, "application/json")
            self.wfile.write(json.dumps({"error": error}).encode())
            return
        if self.server.blind and any("image_url" in _text(m) for m in body["messages"]):
            self._begin(400, "application/json")
            self.wfile.write(b'{"error": {"message": "no pictures here"}}')
            return
        self._begin(200, "text/event-stream")
        if order == "step":
            time.sleep(0.3)  # Mesop shows nothing that comes sooner after the message
        try:
            for event in _events(order, body["messages"]):
                self._send(event)
                if order == "step":
                    self.server.step.acquire(timeout=60)
                else:
                    time.sleep(0.1 if order == "slow" else 0.05)
            if order == "fail":
                self._send({"error": {**error, "type": "invalid_request_error"}})
            else:
                self._send({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
                self.wfile.write(b"data: [DONE]\n\n")
            self.server.whole += 1
        except OSError:
            self.server.left += 1

    def _begin(self, status: int, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()

    def _send(self, event: dict[str, Any]) -> None:
        self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")

    def log_message(self, *_: object) -> None:
        pass


def _events(order: str, messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    texts = [_text(message)[-90:] for message in messages if message["role"] != "system"]
    told = " ".join(" / ".join(texts).replace("`", "").split())  # nothing that is laid out
    words = {
        "step": ["one ", "two ", "three "],
        "fail": ["It went well. "],
        "slow": [f"word{number} " for number in range(80)],
        "think": ["42"],
        "attack": [ATTACK, " it is over"],
        "tell": [f"{word} " for word in f"I was told: {told}".split(" ")],
    }
    thoughts = ["first this ", "then that"] if order == "think" else []
    for delta in [{"reasoning_content": t} for t in thoughts] + [
        {"content": word} for word in words[order]
    ]:
        yield {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


def _text(message: dict[str, Any]) -> str:
    content = message["content"]
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", part["type"]) for part in content)
