"""A fork has connections of its own: it neither reads nor ends those of its parent."""

from __future__ import annotations

import subprocess
import sys
from time import sleep
from typing import TYPE_CHECKING

import pytest

from chatadapters.testing.faults import TEXT
from tests.kept_server import Server, authority, server

if TYPE_CHECKING:
    import socket

__all__ = ["authority", "server"]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")

_BEGIN = """
import asyncio, gc, os, sys, threading, warnings
import httpx2
warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
from chatadapters import Retry, Timeout, text_generation_predict
predict = text_generation_predict(
    sys.argv[1], retry=Retry(attempts=1), timeout=Timeout(first=60, idle=20)
)
def say(*texts):
    os.write(1, b"".join(text.encode("unicode_escape") + b"\\n" for text in texts))
"""

_READS_ON = """
reply = predict("Hi")
next(reply)
child = os.fork()
if not child:
    try:
        say([*reply][-1])
    except httpx2.TransportError:
        say("not mine")
    sys.exit()
os.waitpid(child, 0)
say([*reply][-1])
"""

_ENDS_ITS_LOOP = """
async def main():
    reply = predict.aio("Hi")
    await anext(reply)
    child = os.fork()
    if not child:
        gc.collect()
        sys.exit()
    os.waitpid(child, 0)
    say("not mine")
    say([value async for value in reply][-1])
asyncio.run(main(), debug=False)
"""


def said(code: str, *args: str) -> list[str]:
    """Run a program; give what it says, which stderr must not."""
    command = [sys.executable, "-W", "error", "-c", _BEGIN + code, *args]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    return [line.decode("unicode_escape") for line in done.stdout.splitlines()]


class Halves(Server):
    """Sends an answer in two parts, the second a while later."""

    def _send(self, made: socket.socket, answer: bytes) -> None:
        half = len(answer) // 2
        made.sendall(answer[:half])
        sleep(0.5)
        made.sendall(answer[half:])


@pytest.mark.parametrize("server", ["http", "https"], indirect=True)
@pytest.mark.parametrize("code", [_READS_ON, _ENDS_ITS_LOOP], ids=["sync", "async"])
def test_a_fork_has_no_part_in_its_parents_reply(code: str, server: Server) -> None:
    """It may go on with its copy of the reply, or end its copy of the event loop."""
    halves = Halves(server.tls)
    assert said(code, halves.url) == ["not mine", TEXT]
    halves.stop()


_STOPS = """
reply = predict("Hi")
next(reply)
if os.fork():
    reply.close()
    say("stopped")
sys.stdin.read()
"""


@pytest.mark.parametrize("server", ["http", "https"], indirect=True)
def test_a_stopped_reply_drops_its_connection_beside_a_fork(server: Server) -> None:
    """The server is told at once, although a fork lives on that was made in mid-reply."""
    server.hold.set()
    command = [sys.executable, "-c", _BEGIN + _STOPS, server.url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"stopped\n"
        assert server.left.wait(10)


_LOCKED = """
from chatadapters._abort import Hangup
from chatadapters._pool import ConnectionPool
hangup, connections = Hangup(), ConnectionPool(None, None, direct=False)
held, over = threading.Event(), threading.Event()
def hold():
    with hangup._lock, connections._lock:
        held.set()
        over.wait()
thread = threading.Thread(target=hold)
thread.start()
held.wait()
child = os.fork()
if not child:
    hangup.ended()
    connections.give_up()
    say("freed")
    os._exit(0)
os.waitpid(child, 0)
over.set()
thread.join()
"""


def test_a_fork_waits_for_no_thread_of_its_parent() -> None:
    """A lock that one held at that moment is never released."""
    assert said(_LOCKED, "http://localhost") == ["freed"]


_IN_TURN = """
def talk():
    return {predict.complete("Hi").text for _ in range(3)}
async def atalk():
    return {(await predict.aio.complete("Hi")).text for _ in range(3)}
run = talk if sys.argv[2] == "sync" else lambda: asyncio.run(atalk(), debug=False)
run()
children = []
for _ in range(4):
    child = os.fork()
    if not child:
        say(*run())
        os._exit(0)
    children.append(child)
say(*run())
for child in children:
    os.waitpid(child, 0)
"""


@pytest.mark.parametrize("server", ["http", "https"], indirect=True)
@pytest.mark.parametrize("colour", ["sync", "async"])
def test_forks_talk_beside_their_parent(colour: str, server: Server) -> None:
    """As the workers of a web server do that loads the app once: each on its own connection."""
    assert said(_IN_TURN, server.url, colour) == [TEXT] * 5
    loops = 1 if colour == "sync" else 2  # an event loop that ends closes its connections
    assert len(set(server.connections)) == 4 + loops
