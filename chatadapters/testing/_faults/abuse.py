"""Scenarios of servers that send too much, or what is not theirs to send."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING

from .answers import Answer, Event, encode, encode_one, json_answer
from .framing import gzipped
from .scenario import Ask, begun, scenario

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MIB = 2**20


@scenario("exact", expected="x" * (4 * _MIB))
def giant_chunk(ask: Ask) -> Answer:
    """One delta of 4 MiB."""
    return Answer(encode(ask.reply(["x" * (4 * _MIB)]).events))


_MANY = ["tok ", "日本 ", "én\n"] * 6667


@scenario("exact", expected="".join(_MANY))
def many_chunks(ask: Ask) -> Answer:
    """20,000 short deltas as fast as they go."""
    return Answer(encode(ask.reply(_MANY).events))


@scenario("error")
def endless(ask: Ask) -> Answer:
    """Deltas of 64 KiB that never end (here: after 400 MiB)."""
    event = encode_one(ask.reply(["y" * 2**16]).texts[0])
    return Answer(chain(encode(ask.reply().head), repeat(event, 400 * 16)))


@scenario("error")
def endless_line(ask: Ask) -> Answer:
    """One line that never ends (here: after 256 MiB)."""
    return Answer(chain(begun(ask), [b"data: "], repeat(b"z" * _MIB, 256)))


@scenario("error")
def endless_event(ask: Ask) -> Answer:
    """One event of lines that never ends (here: after 256 MiB)."""
    line = b"data: " + b"z" * 1017 + b"\n"
    return Answer(chain(begun(ask), repeat(line * 1024, 256)))


@scenario("error")
def endless_comments(ask: Ask) -> Answer:
    """Comments as fast as they go, for ever (here: 4 GiB)."""
    return Answer(chain(begun(ask), repeat(b": ping\n\n" * 8192, 2**16)))


@scenario("error")
def endless_empty(ask: Ask) -> Answer:
    """Events without text as fast as they go, for ever (here: 4 million)."""
    event = encode_one(ask.reply([""]).texts[0])
    return Answer(chain(begun(ask), repeat(event * 100, 40_000)))


@scenario("error")
def endless_error_body(_: Ask) -> Answer:
    """HTTP 400 whose body never ends (here: after 1 GiB)."""
    return Answer(repeat(b"e" * _MIB, 1024), 400, {"Content-Type": "text/plain"})


@scenario("error")
def endless_json(_: Ask) -> Answer:
    """200 `application/json` whose body never ends (here: after 1 GiB)."""
    body = chain([b'{"x": "'], repeat(b"e" * _MIB, 1024))
    return Answer(body, headers={"Content-Type": "application/json"})


@scenario("error")
def gzip_bomb(ask: Ask) -> Answer:
    """1 GiB of text in 1 MiB of gzip, inside one event."""
    bomb: Iterable[bytes] = chain(begun(ask), [b"data: "], repeat(b"x" * _MIB, 1024))
    return Answer(gzipped(bomb), headers={"Content-Encoding": "gzip"})


@scenario("error")
def gzip_bomb_error(_: Ask) -> Answer:
    """HTTP 400 whose body is 1 GiB in 1 MiB of gzip."""
    head = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return Answer(gzipped(repeat(b" " * _MIB, 1024)), 400, head)


@scenario("error")
def deep_json(ask: Ask) -> Answer:
    """An event of 100,000 nested lists, where recursive readers fall over."""
    return Answer([*begun(ask), encode_one(Event('{"x":' + "[" * 100_000))])


@scenario("exact")
def huge_number(ask: Ask) -> Answer:
    """A field with a whole number that no 64 bits hold."""
    return Answer(_with_number(encode(ask.reply().events)))


def _with_number(events: Iterable[bytes]) -> Iterator[bytes]:
    for event in events:
        yield event.replace(b'{"', b'{"x_big":' + b"9" * 40 + b',"', 1)


@scenario("error")
def echo_key_in_stream(ask: Ask) -> Answer:
    """An error event in mid-stream repeats the request's Authorization header."""
    sent = ask.headers.get("authorization", "no key")
    return Answer([*begun(ask), *encode([ask.dialect.error(f"Upstream refused {sent}")])])


@scenario("error")
def echo_key_in_json(ask: Ask) -> Answer:
    """A 200 JSON error repeats the request's headers, one by one."""
    told = {"error": {"message": "see headers", "headers": dict(ask.headers)}}
    return json_answer(told)


@scenario("error")
def echo_key_in_html(ask: Ask) -> Answer:
    """A 200 debug page in HTML repeats the request's headers."""
    rows = "".join(f"<tr><td>{k}<td>{v}" for k, v in ask.headers.items())
    return Answer([f"<html><table>{rows}</table>".encode()], headers={"Content-Type": "text/html"})
