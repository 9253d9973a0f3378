"""A conversation has one connection, on every wire: one TLS handshake, dropped after a stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import sleep

import pytest

from chatadapters.testing.faults import TEXT, good_body
from tests.kept_server import (
    MAKE,
    ONCE,
    Server,
    Talk,
    authority,
    chunked,
    packed,
    server,
    sized,
    talk,
)

__all__ = ["authority", "server", "talk"]


@pytest.mark.parametrize("wire", MAKE)
def test_a_conversation_has_one_connection(wire: str, server: Server, talk: Talk) -> None:
    """Five messages make one TLS handshake."""
    assert talk(MAKE[wire](server.url), 5) == [TEXT] * 5
    assert server.connections == [1] * 5


@pytest.mark.parametrize("frame", [sized, packed])
@pytest.mark.parametrize("wire", ["openai chat", "tgi"])
def test_other_bodies_keep_their_connection_too(
    frame: Callable[[bytes], bytes], wire: str, server: Server, talk: Talk
) -> None:
    """One with a length, and one that is compressed although that was refused."""
    server.frame = frame
    assert talk(MAKE[wire](server.url), 2) == [TEXT] * 2
    assert server.connections == [1, 1]


def test_what_follows_an_answer_unasked_ends_the_connection(server: Server, talk: Talk) -> None:
    """It could be taken for the next answer."""
    server.frame = lambda body: chunked(body) + b"HTTP/1.1 200 OK\r\n\r\n"
    assert talk(MAKE["tgi"](server.url), 2) == [TEXT] * 2
    assert server.connections == [1, 2]


@pytest.mark.parametrize("server", ["http"], indirect=True)
@pytest.mark.parametrize(
    "unasked",
    [
        chunked(good_body("tgi").replace(TEXT[:3].encode(), b"Boo")),
        b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["an answer", "a timeout"],
)
def test_what_came_unasked_on_an_idle_connection_is_no_answer(
    unasked: bytes, server: Server, talk: Talk
) -> None:
    """Also where the event loop had no time to read it."""

    def say_it() -> None:
        server.say(unasked)
        sleep(0.2)  # in the event loop too

    assert talk(MAKE["tgi"](server.url, retry=ONCE), 2, say_it) == [TEXT] * 2
    assert server.connections == [1, 2]


@pytest.mark.parametrize("wire", MAKE)
def test_a_connection_that_the_server_closed_is_replaced(
    wire: str, server: Server, talk: Talk
) -> None:
    """Without a failed attempt."""
    server.hang_up = True
    assert talk(MAKE[wire](server.url, retry=ONCE), 3) == [TEXT] * 3
    assert server.connections == [1, 2, 3]


@pytest.mark.parametrize("wire", ["openai chat", "tgi"])
@pytest.mark.parametrize(
    ("after", "said"),
    [(1.5, b""), (0, b"HTTP/1.1 200 OK\r\nX-A: "), (0, b"garbage\r\n")],
    ids=["later", "in its head", "with garbage"],
)
def test_a_server_that_breaks_off_is_not_asked_twice(
    wire: str, after: float, said: bytes, server: Server, talk: Talk
) -> None:
    """It may have worked on the request; whether to send it again is for `retry` to say."""
    server.broken = (after, said)
    with pytest.raises(Exception, match=r"(?i)disconnect|connection|not HTTP"):
        talk(MAKE[wire](server.url, retry=ONCE), 2)
    assert server.connections == [1, 1]


@pytest.mark.parametrize("wire", ["openai chat", "tgi"])
def test_a_connection_that_is_closed_under_a_request_is_replaced(
    wire: str, server: Server, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the server closed it at the very moment when the request was sent."""
    monkeypatch.setattr("chatadapters._reuse._AT_ONCE", 60.0)  # a moment of a busy machine
    server.broken = (0, b"")
    with pytest.raises(Exception, match=r"(?i)disconnect|connection|eof"):
        talk(MAKE[wire](server.url, retry=ONCE), 2)
    assert server.connections == [1, 1, 2]  # a new one that breaks is not replaced


def test_a_connection_that_we_close_is_used_once(server: Server, talk: Talk) -> None:
    """As a header said that we do."""
    assert talk(MAKE["tgi"](server.url, headers={"Connection": "close"}), 2) == [TEXT] * 2
    assert server.connections == [1, 2]


@pytest.mark.parametrize("wire", MAKE)
def test_a_stopped_reply_drops_its_connection(wire: str, server: Server) -> None:
    """At once; the next message makes a new one."""
    predict = MAKE[wire](server.url)
    assert predict.complete("Hi").text == TEXT
    server.hold.set()
    values = predict("Hi")
    next(values)
    values.close()
    assert server.left.wait(5)
    server.hold.clear()
    assert predict.complete("Hi").text == TEXT
    predict.close()
    assert server.connections == [1, 1, 2]


@pytest.mark.parametrize("wire", MAKE)
async def test_a_stopped_reply_drops_its_connection_in_asyncio(wire: str, server: Server) -> None:
    """At once; the next message makes a new one."""
    predict = MAKE[wire](server.url).aio
    assert (await predict.complete("Hi")).text == TEXT
    server.hold.set()
    values = predict("Hi")
    await anext(values)
    await values.aclose()
    assert await asyncio.to_thread(server.left.wait, 5)
    server.hold.clear()
    assert (await predict.complete("Hi")).text == TEXT
    await predict.close()
    assert server.connections == [1, 1, 2]
