"""Scenarios of the event stream's own syntax: line ends, comments, fields, encodings."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from .answers import Answer, Event, Step, amend, encode, encode_one, pieces
from .scenario import DELTAS, OPENAI, TEXT, Ask, good, scenario

if TYPE_CHECKING:
    from collections.abc import Iterable

_FIRST_HALF, _SECOND_HALF, _BAD = "\ue000", "\ue001", "\ue002"


@scenario("exact")
def ok(ask: Ask) -> Answer:
    """A healthy stream."""
    return good(ask)


@scenario("exact")
def no_space(ask: Ask) -> Answer:
    """`data:{...}` without a space after the colon, as TGI writes it."""
    return Answer(encode(ask.reply().events, space=""))


@scenario("exact")
def crlf(ask: Ask) -> Answer:
    """Lines end in CR LF."""
    return Answer(encode(ask.reply().events, eol="\r\n"))


@scenario("exact")
def cr(ask: Ask) -> Answer:
    """Lines end in CR alone."""
    return Answer(encode(ask.reply().events, eol="\r"))


@scenario("exact")
def crlf_split(ask: Ask) -> Answer:
    """Lines end in CR LF, and every CR comes in another piece than its LF."""
    body = b"".join(encode(ask.reply().events, eol="\r\n"))
    return Answer(re.split(rb"(?<=\r)", body))


@scenario("exact")
def mixed_line_ends(ask: Ask) -> Answer:
    """LF, CR LF and CR in turn."""
    ends = ("\n", "\r\n", "\r")
    events = enumerate(ask.reply().events)
    return Answer([encode_one(event, eol=ends[n % 3]) for n, event in events])


@scenario("exact")
def bom(ask: Ask) -> Answer:
    """A byte order mark comes first, split over two pieces."""
    first, *others = encode(ask.reply().events)
    return Answer([b"\xef\xbb", b"\xbf" + first, *others])


@scenario("exact")
def multiline_data(ask: Ask) -> Answer:
    """One JSON object is spread over several `data` lines."""
    return Answer(encode(_spread(event) for event in ask.reply().events))


def _spread(event: Event) -> Event:
    if not event.data.startswith("{"):
        return event
    return event._replace(data=json.dumps(json.loads(event.data), indent=1, ensure_ascii=False))


def _between(noise: bytes, events: Iterable[Event]) -> list[Step]:
    return [piece for event in encode(events) for piece in (noise, event)]


@scenario("exact")
def comments(ask: Ask) -> Answer:
    """Comments between the events keep the connection alive."""
    return Answer(_between(b": OPENROUTER PROCESSING\n\n:\n\n: ping\n\n", ask.reply().events))


@scenario("exact")
def ping_event(ask: Ask) -> Answer:
    """`event: ping` with empty data between the events."""
    return Answer(_between(b"event: ping\ndata:\n\n", ask.reply().events))


@scenario("exact")
def event_only(ask: Ask) -> Answer:
    """`event: heartbeat` without any data between the events."""
    return Answer(_between(b"event: heartbeat\n\n", ask.reply().events))


@scenario("exact")
def id_retry_fields(ask: Ask) -> Answer:
    """`id`, `retry` and unknown fields, one of them without a colon."""
    fields = b"id: 7\nretry: 10000\nfoo: bar\nnothing\n"
    return Answer([fields + event for event in encode(ask.reply().events)])


@scenario("exact")
def data_without_colon(ask: Ask) -> Answer:
    """A line `data` without a colon is an empty line of data, which JSON allows."""
    return Answer([b"data\n" + event for event in encode(ask.reply().events) if b"[D" not in event])


@scenario("exact")
def last_event_open(ask: Ask) -> Answer:
    """The body ends right after the data of its last event, without a line end."""
    return Answer([b"".join(encode(ask.reply().events)).rstrip(b"\n")])


@scenario("exact")
def finish_event_open(ask: Ask) -> Answer:
    """The body ends right after the data of the event that finishes the reply."""
    parts = ask.reply()
    return Answer([b"".join(encode([*parts.head, *parts.texts, *parts.tail])).rstrip(b"\n")])


@scenario("exact", expected=f"\u2028{TEXT}\x85\u2029 end")
def u2028(ask: Ask) -> Answer:
    """Raw U+2028, U+2029 and U+0085 inside JSON, where `str.splitlines()` breaks."""
    deltas = ("\u2028", *DELTAS, "\x85", "\u2029 end")
    return Answer(encode(ask.reply(deltas).events))


@scenario("exact", expected=TEXT + "\0\x1b[31m\x7f.")
def control_characters(ask: Ask) -> Answer:
    """NUL, ESC and DEL in the text, escaped as JSON demands."""
    return Answer(encode(ask.reply((*DELTAS, "\0\x1b[31m", "\x7f.")).events))


@scenario("exact", expected=f"{TEXT} 100 \ufffd")
def invalid_utf8(ask: Ask) -> Answer:
    """A byte of the text is not UTF-8."""
    body = encode(ask.reply((*DELTAS, f" 100 {_BAD}")).events)
    return Answer([piece.replace(_BAD.encode(), b"\xff") for piece in body])


@scenario("exact")
def escaped_ascii(ask: Ask) -> Answer:
    """Every character beyond ASCII is a JSON escape."""
    return Answer(encode(_ascii(event) for event in ask.reply().events))


def _ascii(event: Event) -> Event:
    isjson = event.data.startswith("{")
    return event._replace(data=json.dumps(json.loads(event.data))) if isjson else event


def _halves(events: Iterable[Event]) -> list[bytes]:
    first, second = _FIRST_HALF.encode(), _SECOND_HALF.encode()
    return [e.replace(first, rb"\ud83d").replace(second, rb"\ude80") for e in encode(events)]


@scenario("exact", expected=f"{TEXT} \U0001f680.")
def surrogates_split(ask: Ask) -> Answer:
    """The two halves of an escaped character come in two events."""
    return Answer(_halves(ask.reply((*DELTAS, f" {_FIRST_HALF}", f"{_SECOND_HALF}.")).events))


@scenario("exact", expected=f"{TEXT} \ufffd.")
def surrogate_alone(ask: Ask) -> Answer:
    """Half of an escaped character comes, the other half never."""
    return Answer(_halves(ask.reply((*DELTAS, f" {_FIRST_HALF}", ".")).events))


def _half_begun(ask: Ask) -> list[bytes]:
    before = DELTAS.index(" 👩‍🚀")
    return _halves(ask.reply((*DELTAS[:before], f" {_FIRST_HALF}")).until(before + 1))


@scenario("retry")
def surrogate_reset_once(ask: Ask) -> Answer:
    """A reset between the two halves of an escaped character, once."""
    return Answer(_half_begun(ask), end="rst")


@scenario("retry")
def surrogate_trunc_once(ask: Ask) -> Answer:
    """The body ends cleanly between the two halves of an escaped character, once."""
    return Answer(_half_begun(ask))


@scenario("exact")
def nan(ask: Ask) -> Answer:
    """NaN and infinities, which JSON does not know, in fields nobody needs."""
    odd = {"x_score": float("nan"), "x_logprob": float("-inf")}
    return Answer(encode(amend(ask.reply().events, **odd)))


@scenario("exact")
def unknown_fields(ask: Ask) -> Answer:
    """Fields that no specification has, some of them deep."""
    extra = {"x_groq": {"id": "r"}, "provider": "X", "time_info": [None, {"a": [1.5, True]}]}
    return Answer(encode(amend(ask.reply().events, **extra)))


@scenario("exact")
def empty_objects(ask: Ask) -> Answer:
    """Events that are `{}` between the others."""
    return Answer(_between(b"data: {}\n\n", ask.reply().events))


@scenario("exact", dialects=OPENAI)
def no_done(ask: Ask) -> Answer:
    """A finish reason and a clean end, no `[DONE]`."""
    return Answer(encode(ask.reply()._replace(after=[]).events))


@scenario("exact", dialects=OPENAI)
def garbage_after_done(ask: Ask) -> Answer:
    """Something that is not JSON after `[DONE]`."""
    return Answer([*encode(ask.reply().events), b"data: <html>\n\noops\n\n\xff\xfe"])


@scenario("exact", dialects=OPENAI)
def done_no_close(ask: Ask) -> Answer:
    """`[DONE]`, then the connection stays open for ever."""
    return Answer(encode(ask.reply().events), end="hold")


@scenario("exact")
def finish_no_close(ask: Ask) -> Answer:
    """The finish, then nothing, with the connection open: no usage, no `[DONE]`."""
    return Answer(encode(ask.reply()._replace(after=[]).events), end="hold")


@scenario("exact")
def finish_then_comments(ask: Ask) -> Answer:
    """The finish, then comments for a minute."""
    body: list[Step] = [*encode(ask.reply()._replace(after=[]).events)]
    return Answer([*body, *(step for _ in range(120) for step in (0.5, b": ping\n\n"))])


@scenario("exact")
def whole_in_bytes(ask: Ask) -> Answer:
    """The body comes byte by byte."""
    return Answer(pieces(b"".join(encode(ask.reply().events)), 1))
