"""A tiny HTTP server on loopback that plays scripted bytes, one answer for each request."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

#: The server writes nothing more and waits until the client goes away.
HOLD = None
Step = bytes | None


class Raw(bytes):
    """What is written below TLS."""


@dataclass
class Request:
    """A request that came."""

    path: str
    headers: dict[str, str]
    body: Any
    connection: int


def event(value: object) -> bytes:
    """Write one server-sent event."""
    data = value if isinstance(value, str) else json.dumps(value)
    return f"data: {data}\n\n".encode()


def answer(*blocks: Step, status: str = "200 OK", head: str = "") -> list[Step]:
    """Write a chunked answer, one HTTP chunk for each block; a final `HOLD` leaves it open."""
    first = f"HTTP/1.1 {status}\r\n{head}Transfer-Encoding: chunked\r\n\r\n".encode()
    chunks: list[Step] = [first]
    for block in blocks:
        chunks.append(HOLD if block is HOLD else f"{len(block):x}\r\n".encode() + block + b"\r\n")
    return chunks if HOLD in blocks else [*chunks, b"0\r\n\r\n"]


@dataclass
class Served:
    """Plays one answer for each request, the last one again and again.

    Attributes:
        requests: What came.
        came: Set when a request came.
        left: Set when a client went away while an answer was held.
    """

    answers: list[list[Step]]
    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self._open: list[socket.socket] = []
        self._threads[0].start()
        return self

    def __exit__(self, *error: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    @property
    def url(self) -> str:
        """The base URL for a client."""
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                number = len(self._open)
                self._threads.append(
                    threading.Thread(target=self._serve, args=(connection, number))
                )
                self._threads[-1].start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with suppress(OSError):
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as lines:
                while (request := _read(lines, number)) is not None:
                    self.requests.append(request)
                    self.came.set()
                    self._play(connection)

    def _play(self, connection: socket.socket) -> None:
        at = min(len(self.requests), len(self.answers)) - 1
        for step in self.answers[at]:
            if step is HOLD:
                with suppress(OSError):
                    connection.recv(1)
                self.left.set()
                raise OSError
            if isinstance(step, Raw):
                socket.socket.sendall(connection, step)
            else:
                connection.sendall(step)


def _read(lines: Any, number: int) -> Request | None:
    first = lines.readline().split()
    if not first:
        return None
    headers: dict[str, str] = {}
    while (line := lines.readline().decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = lines.read(int(headers.get("content-length", 0)))
    return Request(first[1].decode(), headers, json.loads(body or b"null"), number)
