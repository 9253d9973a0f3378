"""Clients that send the head of a request slowly, or never, on raw sockets."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from chatadapters import OptionError
from chatadapters.server import _head, asgi, serve
from tests.server.serving import ASK, scripted

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = json.dumps(ASK).encode()
HEAD = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)
)


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Serve as `serve` does, with a second for each head."""
    monkeypatch.setattr(_head, "SECONDS", 1.0)
    app = asgi({"m": scripted("Hello", "Hello", "Hello")})
    config = uvicorn.Config(app, http=_head.BoundedHead, port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(10)


def drip(connection: socket.socket) -> bytes:
    """Send a head a byte at a time, for ever; give what comes before the connection is closed."""
    connection.settimeout(0.1)
    connection.sendall(b"GET /health HTTP/1.1\r\nX: ")
    while True:
        try:
            connection.sendall(b"x")
            return connection.recv(1000)
        except TimeoutError:
            continue
        except (ConnectionResetError, BrokenPipeError):
            return b""


def ask(connection: socket.socket, *, pause: float = 0) -> bytes:
    """Ask the model; its body follows its head after a while."""
    connection.settimeout(30)
    connection.sendall(HEAD)
    time.sleep(pause)
    connection.sendall(BODY)
    answer = b""
    while b"Hello" not in answer:
        received = connection.recv(4000)
        assert received, answer
        answer += received
    return answer


def test_a_head_that_drips_is_ended(port: int) -> None:
    """A byte every now and then does not keep a connection."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        assert drip(connection) == b""


def test_a_second_head_that_drips_is_ended(port: int) -> None:
    """Nor does it after a request that was answered."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        assert ask(connection).startswith(b"HTTP/1.1 200 OK")
        assert drip(connection) == b""


def test_silence_is_ended(port: int) -> None:
    """A connection that never says anything is closed."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(30)
        assert connection.recv(10) == b""


def test_a_request_that_lasts_longer_is_answered(port: int) -> None:
    """The clock is the head's alone: body and answer take the time they take."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        assert ask(connection, pause=1.5).startswith(b"HTTP/1.1 200 OK")


def test_serve_bounds_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the command runs has the bound."""
    configs: list[uvicorn.Config] = []

    def run(server: uvicorn.Server, sockets: object) -> None:
        configs.append(server.config)

    monkeypatch.setattr(uvicorn.Server, "run", run)
    from chatadapters.server import serve

    serve(asgi({"m": scripted("x")}), port=0)
    assert configs[0].http is _head.BoundedHead


def test_a_predict_is_no_app() -> None:
    """It would be served, and answer nothing."""
    with pytest.raises(OptionError, match=r"give it asgi\(predict\)"):
        serve(scripted("x"), port=0)


@pytest.mark.parametrize("port", ["8000", 99_999, -1])
def test_a_port_that_is_none_is_named(port: Any) -> None:
    """Before a socket is made."""
    with pytest.raises(OptionError, match=f"port={port!r}: give a whole number up to 65535"):
        serve(asgi({"m": scripted("x")}), port=port)
