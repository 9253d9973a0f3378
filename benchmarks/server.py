"""One raw-socket server for every wire, in a process of its own, which sends prebuilt bytes.

The path says what is sent: `/chat/50/5000/v1/chat/completions` is 5,000 tokens of OpenAI's chat
wire with 50 events in each HTTP chunk; `/chat/@200/400/v1/...` is 400 tokens at 200 a second, each
in a packet of its own. The tokens differ from their neighbours: a client counts equal ones and
gives up at 100. `/schedule` tells when each paced answer began, by the message it answers, so
that a client can be held against the server's own clock.
"""

from __future__ import annotations

import heapq
import json
import multiprocessing
import os
import re
import socket
import sys
import time
from contextlib import contextmanager
from functools import cache
from itertools import count, islice
from threading import Condition, Event, Thread
from typing import TYPE_CHECKING, TypeAlias

from benchmarks import wires

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
NAME = re.compile(rb'"content": ?"([^"]+)"')
LENGTH = re.compile(rb"\r\ncontent-length: ?(\d+)", re.IGNORECASE)


@contextmanager
def serving() -> Iterator[str]:
    """Serve for a while; give the address, without a slash at its end."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=_serve, args=(listener,), daemon=True)
        process.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            process.terminate()
            process.join()


def _serve(listener: socket.socket) -> None:
    sys.setswitchinterval(0.0005)  # a new stream waits for the metronome so long, not ten times
    metronome = Metronome()
    Thread(target=metronome.run, daemon=True).start()
    Thread(target=_end_with_parent, daemon=True).start()
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Thread(target=_converse, args=(connection, metronome), daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(0)


def _converse(connection: socket.socket, metronome: Metronome) -> None:
    """Answer the requests of one connection until the client closes it."""
    with connection:
        try:
            while request := _request(connection):
                path, body = request
                if path == b"/schedule":
                    _send_json(connection, metronome.take())
                    continue
                wire, pace, tokens = path.decode().split("/")[1:4]
                if pace.startswith("@"):
                    said = NAME.search(body)
                    name = said[1].decode() if said else ""
                    metronome.play(connection, name, wire, float(pace[1:]), int(tokens))
                else:
                    _burst(connection, wire, int(pace), int(tokens))
        except ConnectionError:
            pass  # the client has what it wanted


def _request(connection: socket.socket) -> tuple[bytes, bytes] | None:
    """Read one request; give its path and body, or None when there is none."""
    got = b""
    while b"\r\n\r\n" not in got:
        if not (block := connection.recv(65536)):
            return None
        got += block
    head, _, body = got.partition(b"\r\n\r\n")
    length = LENGTH.search(head)
    while length and len(body) < int(length[1]):
        body += connection.recv(65536)
    return head.split(b" ", 2)[1], body


def _send_json(connection: socket.socket, value: object) -> None:
    body = json.dumps(value).encode()
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


def _burst(connection: socket.socket, wire: str, events: int, tokens: int) -> None:
    """Send an answer as fast as it is read, in HTTP chunks of so many events."""
    whole, rest = divmod(tokens, wires.CYCLE)
    connection.sendall(HEAD + _framed(wires.opening(wire), 1))
    for _ in range(whole):
        connection.sendall(_cycle(wire, events, wires.CYCLE))
    connection.sendall(_cycle(wire, events, rest))
    connection.sendall(_framed(wires.closing(wire, tokens), 1) + END)


@cache
def _cycle(wire: str, events: int, tokens: int) -> bytes:
    return _framed(wires.tokens(wire)[:tokens], events)


def _framed(events: list[bytes], size: int) -> bytes:
    """Write events as HTTP chunks of some events each."""
    chunks = (b"".join(events[at : at + size]) for at in range(0, len(events), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)


#: When a token is due, what orders equal times, seconds between two, and to whom which are sent.
Job: TypeAlias = "tuple[float, int, float, socket.socket, Iterator[bytes], Event]"


class Metronome:
    """One thread that sends every paced answer's tokens when they are due."""

    def __init__(self) -> None:
        self.began: dict[str, float] = {}
        self._order = count()
        self._due: list[Job] = []
        self._changed = Condition()

    def take(self) -> dict[str, float]:
        """Give when each answer began, on the machine's monotonic clock, and forget it."""
        began, self.began = self.began, {}
        return began

    def play(self, to: socket.socket, name: str, wire: str, rate: float, tokens: int) -> None:
        """Send an answer, its first token at once; return when it is sent."""
        sent = Event()
        to.sendall(HEAD + _framed(wires.opening(wire), 1))
        with self._changed:
            now = self.began[name] = time.monotonic()
            job = (now, next(self._order), 1 / rate, to, islice(_beats(wire), tokens), sent)
            heapq.heappush(self._due, job)
            self._changed.notify()
        sent.wait()
        to.sendall(_framed(wires.closing(wire, tokens), 1) + END)

    def run(self) -> None:
        """Send what is due, for ever."""
        while True:
            with self._changed:
                while not self._due:
                    self._changed.wait()
                wait = self._due[0][0] - time.monotonic()
                if wait > 0:
                    self._changed.wait(wait)
                now, jobs = time.monotonic(), []
                while self._due and self._due[0][0] <= now:
                    jobs.append(heapq.heappop(self._due))
            kept = [job for job in jobs if _beat(job)]
            with self._changed:  # once for all that was due, not for each token
                for due, order, step, *rest in kept:
                    heapq.heappush(self._due, (due + step, order, step, *rest))


def _beat(job: Job) -> bool:
    """Send one token of an answer; end the answer when there is none."""
    *_, to, beats, sent = job
    token = next(beats, None)
    try:
        if token is not None and to.send(token):
            return True
    except OSError:
        pass
    sent.set()
    return False


def _beats(wire: str) -> Iterator[bytes]:
    framed = _each(wire)
    while True:
        yield from framed


@cache
def _each(wire: str) -> list[bytes]:
    return [_framed([event], 1) for event in wires.tokens(wire)]
