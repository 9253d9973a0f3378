"""A raw-socket server for the benchmarks: every wire we read, in bursts or token by token.

The path of a request begins with how its answer is framed: `/50` and `/1` send the whole answer as
fast as it is read, in HTTP chunks of so many events; `/rate20` sends one token at a time, 20 a
second, each in an HTTP chunk and a packet of its own. The text of such a token is the reading of
the monotonic clock at which it was due, so a client can tell how late it is.
"""

from __future__ import annotations

import heapq
import json
import multiprocessing
import select
import socket
from contextlib import contextmanager
from functools import cache
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

TOKEN = "tok "
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_LAST = b"0\r\n\r\n"


def _sse(data: dict[str, Any], kind: str = "") -> bytes:
    named = f"event: {kind}\n".encode() if kind else b""
    return named + b"data: " + json.dumps(data, separators=(",", ":")).encode() + b"\n\n"


def _chat(delta: dict[str, str], reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    chunk = {
        "id": "chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012",
        "object": "chat.completion.chunk",
        "created": 1_790_000_000,
        "model": "gpt-4o-mini-2024-07-18",
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
        "choices": [choice],
    }
    return _sse(chunk)


def _raw(text: str, reason: str | None = None) -> bytes:
    choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": reason}
    chunk = {
        "id": "cmpl-0123456789abcdef",
        "object": "text_completion",
        "created": 1_790_000_000,
        "model": "mistralai/Mistral-7B-v0.3",
        "choices": [choice],
        "usage": None,
    }
    return _sse(chunk)


def _responses(kind: str, **fields: Any) -> bytes:
    return _sse({"type": kind, "sequence_number": 7, **fields}, kind)


def _responses_delta(text: str) -> bytes:
    item = {"item_id": "msg_0123456789abcdef0123456789abcdef", "output_index": 0}
    return _responses(
        "response.output_text.delta", **item, content_index=0, delta=text, logprobs=[]
    )


def _responses_end() -> bytes:
    response = {"id": "resp_1", "object": "response", "status": "completed", "output": []}
    return _responses("response.completed", response=response)


def _tgi(text: str, **more: Any) -> bytes:
    token = {"id": 311, "text": text, "logprob": -0.123456, "special": False}
    end = {"generated_text": None, "details": None, **more}
    return b"data:" + _sse({"index": 1, "token": token, **end})[6:]


def _tgi_end() -> bytes:
    details = {"finish_reason": "length", "generated_tokens": 1, "seed": None}
    return _tgi("", generated_text="", details=details)


#: By the end of a request's path: how a token and the end of an answer are written.
WIRES: dict[str, tuple[Callable[[str], bytes], bytes]] = {
    "/chat/completions": (
        lambda text: _chat({"content": text}),
        _chat({}, "stop") + b"data: [DONE]\n\n",
    ),
    "/completions": (_raw, _raw("", "stop") + b"data: [DONE]\n\n"),
    "/responses": (_responses_delta, _responses_end()),
    "/generate_stream": (_tgi, _tgi_end()),
}


def wire_of(path: str) -> tuple[Callable[[str], bytes], bytes]:
    """Give how the wire of a path writes a token, and the end of an answer."""
    return next(wire for end, wire in WIRES.items() if path.endswith(end))


def framed(block: bytes) -> bytes:
    """Give a block as an HTTP chunk."""
    return b"%x\r\n%b\r\n" % (len(block), block)


@cache
def burst(path: str, size: int, tokens: int) -> bytes:
    """Write a whole answer in HTTP chunks of so many events."""
    write, end = wire_of(path)
    events = [write(TOKEN)] * tokens
    blocks = [b"".join(events[at : at + size]) for at in range(0, tokens, size)]
    return b"".join((_HEAD, *map(framed, (*blocks, end)), _LAST))


class _Server:
    """Serves in one thread; what is due is sent when it is due."""

    def __init__(self, listener: socket.socket, tokens: int) -> None:
        self._listener, self._tokens = listener, tokens
        self._poll = select.epoll()
        self._poll.register(listener, select.EPOLLIN)
        self._open: dict[int, socket.socket] = {}
        self._due: list[tuple[float, int, int, Any]] = []

    def run(self) -> None:
        while True:
            wait = max(0.0, self._due[0][0] - monotonic()) if self._due else -1
            for number, _ in self._poll.poll(wait):
                if number == self._listener.fileno():
                    self._accept()
                else:
                    self._answer(self._open[number])
            while self._due and self._due[0][0] <= monotonic():
                self._send(*heapq.heappop(self._due))

    def _accept(self) -> None:
        made, _ = self._listener.accept()
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open[made.fileno()] = made
        self._poll.register(made, select.EPOLLIN)

    def _answer(self, made: socket.socket) -> None:
        request = _read(made)
        if not request:
            self._close(made)
            return
        path = request.split(b" ", 2)[1].decode()
        how = path.split("/")[1]
        if how.startswith("rate"):
            made.sendall(_HEAD)
            state = (made, wire_of(path), 1 / int(how[4:]))
            heapq.heappush(self._due, (monotonic(), made.fileno(), self._tokens, state))
            return
        try:
            made.sendall(burst(path, int(how), self._tokens))
        except OSError:
            self._close(made)

    def _send(self, due: float, number: int, left: int, state: Any) -> None:
        made, (write, end), pause = state
        block = framed(write(f"{due:.4f} ")) if left else framed(end) + _LAST
        try:
            made.sendall(block)
        except OSError:
            return
        if left:
            heapq.heappush(self._due, (due + pause, number, left - 1, state))

    def _close(self, made: socket.socket) -> None:
        self._open.pop(made.fileno(), None)
        made.close()


def _read(made: socket.socket) -> bytes:
    """Read one request with its body, nothing when the client is gone."""
    got = b""
    try:
        while b"\r\n\r\n" not in got:
            if not (more := made.recv(65536)):
                return b""
            got += more
        head, _, body = got.lower().partition(b"\r\n\r\n")
        length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += made.recv(65536)
    except OSError:
        return b""
    return got


def _serve(listener: socket.socket, tokens: int) -> None:
    _Server(listener, tokens).run()


@contextmanager
def serving(tokens: int) -> Generator[str, None, None]:
    """Serve answers of so many tokens from a process of its own; gives the address."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        context = multiprocessing.get_context("fork")
        server = context.Process(target=_serve, args=(listener, tokens), daemon=True)
        server.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.terminate()
            server.join()
