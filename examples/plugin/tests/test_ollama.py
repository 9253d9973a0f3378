"""The contract of backends, against a small server that speaks Ollama's API on loopback."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from chatadapters_ollama import OllamaBackend

from chatadapters import Finish, ProviderStreamError, Retry, StreamError, Usage, make_predict
from chatadapters.testing import BackendContract

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS = ("Your ", "name ", "is ", "Ada ", "and ", "you ", "like ", "Paris.")


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()
        for line in self.server.script(asked):  # type: ignore[attr-defined]
            self.wfile.write(json.dumps(line).encode() + b"\n")

    def log_message(self, *_: Any) -> None:
        pass


def reply(asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for word in WORDS:
        yield {"message": {"role": "assistant", "content": word}, "done": False}
    counts = {"prompt_eval_count": len(asked["messages"]), "eval_count": len(WORDS)}
    yield {"message": {"content": ""}, "done": True, "done_reason": "stop", **counts}


@contextmanager
def ollama(script: Any = reply) -> Iterator[str]:
    """Serve until the block ends, and give the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.script = script  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class TestOllama(BackendContract):
    """The tests every backend must pass."""

    @pytest.fixture(autouse=True)
    def server(self) -> Iterator[None]:
        with ollama() as self.url:
            yield

    def backend(self) -> OllamaBackend:
        return OllamaBackend("llama3.2", base_url=self.url)


def test_the_name_makes_it() -> None:
    """The entry point is found by `make_predict`, with options of the backend among the others."""
    with ollama() as url:
        predict = make_predict("ollama:llama3.2", base_url=url, temperature=0)
        assert predict.build("Hi")["options"] == {"temperature": 0}
        assert predict.complete("Hi").usage == Usage(input_tokens=1, output_tokens=8)


def test_a_cut_reply_is_never_a_whole_one() -> None:
    """A server that stops in the middle is an error, with the text so far."""

    def cut(asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield from list(reply(asked))[:3]

    with ollama(cut) as url:
        predict = make_predict(OllamaBackend("m", base_url=url), retry=Retry(attempts=1))
        with pytest.raises(StreamError) as caught:
            predict.complete("Hi")
    assert caught.value.partial == "Your name is "


def test_an_error_in_the_stream_is_told() -> None:
    """What the server says is in the error."""
    with ollama(lambda _: [{"error": "model not loaded"}]) as url:
        predict = make_predict(OllamaBackend("m", base_url=url), retry=Retry(attempts=1))
        with pytest.raises(ProviderStreamError, match="model not loaded"):
            predict.complete("Hi")


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_the_cut_into_blocks_does_not_matter(size: int) -> None:
    """A line may come in pieces, or many at once."""
    body = b"".join(json.dumps(line).encode() + b"\n" for line in reply({"messages": []}))
    reader = OllamaBackend("m").reader()
    blocks = [body[at : at + size] for at in range(0, len(body), size)]
    events = [event for block in blocks for event in reader.feed(block)]
    assert "".join(getattr(event, "delta", "") for event in events) == "".join(WORDS)
    assert isinstance(events[-1], Finish)
