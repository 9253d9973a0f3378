"""A reply ends when its clocks say so, wherever it hangs, in both colours."""

from __future__ import annotations

import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from importlib import import_module
from time import sleep
from typing import Any

import pytest

from chatadapters import (
    Predict,
    Retry,
    StallError,
    Timeout,
    openai_predict,
    text_generation_predict,
)
from chatadapters._feed import TimedFeed
from chatadapters.testing.faults import TEXT, FaultServer, good_body
from tests.both import Run, complete

ONCE = Retry(attempts=1)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
MAKE: dict[str, Callable[..., Predict]] = {
    "openai": lambda url, **o: openai_predict("m", base_url=url, api_key="k", retry=ONCE, **o),
    "tgi": lambda url, **o: text_generation_predict(url, retry=ONCE, **o),
}


class Server:
    """Gives each connection to a function, with an event that is set when the test is over."""

    def __init__(self, answer: Callable[[socket.socket, threading.Event], None]) -> None:
        self._answer = answer
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                made, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(made,)))
                self._threads[-1].start()

    def _serve(self, made: socket.socket) -> None:
        with suppress(OSError), made:
            while b"\r\n\r\n" not in made.recv(65536):
                pass
            self._answer(made, self._over)

    def stop(self) -> None:
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    """Load the SDKs, which takes longer than the clocks here allow."""
    with FaultServer() as server:
        for wire, make in MAKE.items():
            url = server.url("ok", wire)
            with closing(make(url)) as predict:
                assert predict.complete("Hi").text == TEXT


Serve = Callable[[Callable[[socket.socket, threading.Event], None]], Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Run servers until the test is over."""
    with ExitStack() as running:

        def run(answer: Callable[[socket.socket, threading.Event], None]) -> Server:
            server = Server(answer)
            running.callback(server.stop)
            return server

        yield run


def _heads(made: socket.socket, over: threading.Event) -> None:
    while not over.wait(0.0002):
        made.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")


def _fields(made: socket.socket, over: threading.Event) -> None:
    made.sendall(HEAD)
    while not over.wait(0.001):
        made.sendall(b"X-A: b\r\n")


@pytest.mark.parametrize("wire", MAKE)
@pytest.mark.parametrize("answer", [_heads, _fields])
def test_a_head_without_end(answer: Any, wire: str, serve: Serve, run: Run) -> None:
    """Endless early hints, or fields, are no content."""
    predict = MAKE[wire](serve(answer).url, timeout=Timeout(first=0.3))
    with pytest.raises(StallError, match="first content"):
        complete(run, predict, "Hi")


def _silent(_made: socket.socket, over: threading.Event) -> None:
    over.wait()


@pytest.mark.parametrize("wire", MAKE)
def test_a_busy_machine_says_what_it_waited_for(
    wire: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gives a head up later than it was to; the head has had its time all the same."""
    get = TimedFeed.get

    def late(feed: TimedFeed, until: float, gather: bool = False) -> Any:
        sleep(0.2)
        return get(feed, until + 0.2, gather)

    monkeypatch.setattr(TimedFeed, "get", late)
    url = serve(_silent).url
    with pytest.raises(StallError, match="first content"):
        MAKE[wire](url, timeout=Timeout(first=0.3)).complete("Hi")


def _brotli() -> Callable[[bytes], bytes]:
    packer: Any = import_module("brotli").Compressor()
    return lambda data: packer.process(data) + packer.flush()


def _gzip() -> Callable[[bytes], bytes]:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    return lambda data: packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)


@pytest.mark.parametrize(("coding", "packer"), [("br", _brotli), ("gzip", _gzip)])
@pytest.mark.parametrize("wire", MAKE)
def test_a_packed_body_that_stays_silent(
    coding: str, packer: Callable[[], Any], wire: str, serve: Serve, run: Run
) -> None:
    """What came is a part of the reply, and the wait for more has its own clock."""
    pack = packer()

    def answer(made: socket.socket, over: threading.Event) -> None:
        begun = pack(good_body(wire).partition(TEXT[-3:].encode())[0][:400])
        made.sendall(HEAD + f"Content-Encoding: {coding}\r\n\r\n".encode())
        made.sendall(b"%x\r\n%b\r\n" % (len(begun), begun))
        over.wait()

    predict = MAKE[wire](serve(answer).url, timeout=Timeout(first=60, idle=0.2))
    with pytest.raises(StallError, match="more content"):
        complete(run, predict, "Hi")
