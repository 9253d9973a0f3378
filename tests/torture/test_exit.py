"""A process may end, or fork, in the middle of a reply: without a word, and without harm."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from chatadapters.testing.faults import SCENARIOS, TEXT, FaultServer
from tests.http_backends import BACKENDS


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer(speed=5) as running:
        yield running


def ended(code: str, *args: str) -> str:
    """Run a program with every warning an error; give what it says, which stderr must not."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", _BEGIN + code, *args]
    # The limit is a guard: to import an SDK takes half a minute where the machine is busy.
    process = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (process.returncode, process.stderr) == (0, "")
    return process.stdout


_BEGIN = """
import asyncio, os, sys, threading
from chatadapters import Timeout
from tests.http_backends import BACKENDS
class Kept:
    "Something that is emptied late when the interpreter ends."
    def __init__(self, replies):
        self.replies = replies
def told(reply):
    os.write(1, f"{reply.finish_reason} {len(reply.text) > 0}\\n".encode())
def asked(url):
    return BACKENDS[sys.argv[1]][1](url, on_finish=told, timeout=Timeout(idle=None))
"""

_HELD = """
held = []
threading.kept = Kept(held)
for url in sys.argv[2:]:
    reply = asked(url)("Hello", [])
    held.append(reply)
    next(reply)
"""

_HELD_ASYNC = """
held = []
threading.kept = Kept(held)
async def main():
    for url in sys.argv[2:]:
        reply = asked(url).aio("Hello", [])
        held.append(reply)
        await anext(reply)
asyncio.run(main(), debug=False)
"""

_IN_A_THREAD = """
begun = threading.Event()
def read():
    try:
        for value in asked(sys.argv[2])("Hello", []):
            begun.set()
    finally:
        begun.set()
threading.Thread(target=read, daemon=True).start()
begun.wait()
"""

_LEFT = """
for value in asked(sys.argv[2])("Hello", []):
    sys.exit(0)
"""


@pytest.mark.parametrize("code", [_HELD, _HELD_ASYNC], ids=["sync", "async"])
@pytest.mark.parametrize("backend", ["openai-chat", "tgi"])
def test_replies_that_are_held_until_the_end(backend: str, code: str, server: FaultServer) -> None:
    """Each is closed while everything is still there, and told to `on_finish`."""
    dialect, _ = BACKENDS[backend]
    names = ("stall_mid_always", "done_no_close", "ok")
    states = [name for name in names if dialect in SCENARIOS[name].dialects]
    said = ended(code, backend, *(server.url(state, dialect) for state in states))
    assert len(said.splitlines()) == len(states)
    assert all(line.endswith("True") for line in said.splitlines())


@pytest.mark.parametrize("code", [_IN_A_THREAD, _LEFT], ids=["daemon", "sys.exit"])
@pytest.mark.parametrize("backend", ["openai-chat", "tgi"])
def test_a_process_that_ends_in_mid_reply(backend: str, code: str, server: FaultServer) -> None:
    """It ends at once, whoever reads the reply, which is told to `on_finish`."""
    url = server.url("stall_mid_always", BACKENDS[backend][0])
    assert ended(code, backend, url) == "None True\n"


_FORK = """
running, fresh = sys.argv[2:]
predict = BACKENDS[sys.argv[1]][1](running)
reply = predict("Hello", [])
next(reply)
child = os.fork()
if not child:
    print([*predict.using(base_url=fresh)("Hello", [])][-1])
    sys.exit(0)
os.waitpid(child, 0)
print([*reply][-1])
"""


@pytest.mark.parametrize("backend", ["openai-chat", "tgi"])
def test_a_fork_in_mid_reply(backend: str, server: FaultServer) -> None:
    """The child has replies of its own, and its end leaves the parent's reply whole."""
    dialect, _ = BACKENDS[backend]
    slow = server.url("slow_drip", dialect)
    assert ended(_FORK, backend, slow, server.url("ok", dialect)) == f"{TEXT}\n{TEXT}\n"


_FORK_BESIDE = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
parent, begun = os.getpid(), threading.Event()
def told(reply):
    os.write(1, f"{os.getpid() == parent} {reply.finish_reason} {reply.error}\\n".encode())
predict = BACKENDS[sys.argv[1]][1](sys.argv[2], on_finish=told)
def read():
    for value in predict("Hello", []):
        begun.set()
    print(ascii(value))
async def aread():
    async for value in predict.aio("Hello", []):
        begun.set()
    print(ascii(value))
readers = {"sync": read, "async": lambda: asyncio.run(aread(), debug=False)}
thread = threading.Thread(target=readers[sys.argv[3]])
thread.start()
begun.wait(200)
"""

_ENDS = """
child = os.fork()
if not child:
    sys.exit(0)
os.waitpid(child, 0)
thread.join()
"""

_COLLECTS = """
mine = predict("Hello", [])
next(mine)
child = os.fork()
if not child:
    del mine
    import gc
    gc.collect()
    sys.exit(0)
os.waitpid(child, 0)
[*mine]
thread.join()
"""


@pytest.mark.parametrize(
    ("code", "replies"), [(_ENDS, 1), (_COLLECTS, 2)], ids=["ends", "collects"]
)
@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("backend", ["openai-chat", "tgi"])
def test_a_fork_beside_a_thread_that_reads(
    backend: str, colour: str, code: str, replies: int, server: FaultServer
) -> None:
    """The child's end cuts no reply of the parent, and tells nobody that it ended."""
    url = server.url("slow_drip", BACKENDS[backend][0])
    said = ended(_FORK_BESIDE + code, backend, url, colour).splitlines()
    assert sorted(said) == sorted([ascii(TEXT), *["True stop None"] * replies])
