"""Fuzz targets: each takes any bytes and holds what must be true of them. No I/O."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from chatadapters import (
    ChatAdaptersError,
    Failed,
    Finish,
    MalformedStreamError,
    Reader,
    Reasoning,
    StreamError,
    Text,
    normalize,
)
from chatadapters._attempt import Attempt, Rules
from chatadapters._json import SurrogateJoiner, loads
from chatadapters._reasoning import TAGS
from chatadapters._redact import redact
from chatadapters._seam import Break, Join, SeamError
from chatadapters.backends._openai_chat import ChatReader
from chatadapters.backends._openai_responses import ResponsesReader
from chatadapters.backends._raw_completions import CompletionsReader
from chatadapters.backends._tgi import TgiReader
from tests.chunks import cut
from tests.test_reasoning import split, split_whole
from tests.test_sse import decode, naive
from tests.test_stop import cleaned, cut_at_first, stopped, without

Target = Callable[[bytes], None]

_CUTS = 6
_KEY = "sk-canary-0a1b2c"


def sse(data: bytes) -> None:
    """However a stream is cut, its events are those of the standard's own words."""
    stream, blocks = _bytes(data)
    assert decode(*blocks) == decode(stream) == naive(stream)


def json_value(data: bytes) -> None:
    """Any bytes are JSON or a `MalformedStreamError`; text is whole characters when joined."""
    failed = None
    try:
        value = loads(data)
    except MalformedStreamError as error:
        value = failed = str(error)
    assert failed is None or len(failed) < 2000
    joiner = SurrogateJoiner()
    for text in _strings(value):
        joiner.feed(text).encode()
    joiner.flush().encode()


def stop(data: bytes) -> None:
    """A text is cut at the first stop sequence, however it comes."""
    text, pieces = _text(data)
    stops = [word for word in text[:24].split("|")[:3] if word]
    shown, found = stopped(stops, pieces)
    assert shown == cut_at_first(stops, text)
    assert (found is None) == (shown == text)


def tokens(data: bytes) -> None:
    """Special tokens are taken out of a text, however it comes."""
    text, pieces = _text(data)
    words = [word for word in text[:24].split("|")[:3] if word]
    assert cleaned(words, pieces) == without(words, text)


def reasoning(data: bytes) -> None:
    """Reasoning is split off by the whole text, however it comes."""
    text, pieces = _text(data)
    inside = bool(data[:1] > b"\x7f")
    assert split(pieces, TAGS, inside=inside) == split_whole(text, TAGS, inside=inside)


def chat(data: bytes) -> None:
    """OpenAI's chat completions."""
    _reader(ChatReader, data)


def responses(data: bytes) -> None:
    """OpenAI's Responses."""
    _reader(ResponsesReader, data)


def completions(data: bytes) -> None:
    """OpenAI's raw completions."""
    _reader(CompletionsReader, data)


def tgi(data: bytes) -> None:
    """TGI's own wire."""
    _reader(TgiReader, data)


def attempt(data: bytes) -> None:
    """What an attempt shows is valid, and no stop sequence, control token or tag is in it."""
    stream, blocks = _bytes(data)
    rules = Rules(stop=("STOP",), special_tokens=("<|end|>",))
    assert _attempted(rules, [stream]) == _attempted(rules, blocks)


def conversation(data: bytes) -> None:
    """Any JSON is a history or an error of ours; what was read reads the same again."""
    try:
        history = loads(data)
        messages = normalize("Hello", history, allowed_roots=())
    except ChatAdaptersError:
        return
    assert messages[-1].role == "user"
    roles = [message.role for message in messages]
    pairs = itertools.pairwise(roles)
    assert all(role != following or role == "tool" for role, following in pairs)
    *earlier, current = messages
    assert normalize(current.content, earlier, allowed_roots=()) == messages


def seam(data: bytes) -> None:
    """A continuation is joined so that what was shown goes on, or refused; never doubled."""
    text, pieces = _text(data)
    words = text.rsplit(maxsplit=1)
    if len(words) < 2:
        return
    point = Break(words[0], text[len(words[0]) :])
    for rest in (text[len(point.prefix) :] + "!", text + "!", "".join(pieces[1:]) + "!"):
        whole = _joined(point, cut(rest, [at % (len(rest) + 1) for at in data[:_CUTS]]))
        assert whole is None or whole.startswith(text)
        assert whole is None or not whole.removeprefix(text).startswith(text)


def keys(data: bytes) -> None:
    """No place of an error keeps a key."""
    text = data.decode(errors="replace") + _KEY
    error = StreamError(text)
    error.args = (text, {"body": [text, text.encode()], _KEY: text})
    error.__cause__ = KeyError(text)
    error.__dict__["body"] = {"nested": {"error": {"message": text}}}
    redact(error, [_KEY])
    shown = (str(error), repr(error), repr(vars(error)), repr(error.__cause__))
    assert not any(_KEY in each for each in shown)


TARGETS: Mapping[str, Target] = {
    target.__name__: target
    for target in (
        *(sse, json_value, stop, tokens, reasoning, chat, responses, completions, tgi),
        *(attempt, conversation, seam, keys),
    )
}


def _bytes(data: bytes) -> tuple[bytes, list[bytes]]:
    """Give what the input says, whole and in pieces: its first bytes say where it is cut."""
    whole = data[_CUTS:]
    return whole, cut(whole, [at * len(whole) // 255 for at in data[:_CUTS]])


def _text(data: bytes) -> tuple[str, list[str]]:
    whole = data[_CUTS:].decode("utf-8", "replace")
    return whole, cut(whole, [at * len(whole) // 255 for at in data[:_CUTS]])


def _strings(value: Any) -> list[str]:
    found, waiting = [], [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list):
            waiting += value
    return found


def _reader(make: Callable[[], Reader], data: bytes) -> None:
    stream, blocks = _bytes(data)
    assert _said(make(), [stream]) == _said(make(), blocks)


def _said(reader: Reader, blocks: list[bytes]) -> tuple[Any, ...]:
    """Give the text, the reasoning and how it ended, up to the end that counts."""
    texts: dict[type, list[str]] = {Text: [], Reasoning: []}
    for event in [each for block in blocks for each in reader.feed(block)] + [*reader.finish()]:
        if isinstance(event, (Text, Reasoning)):
            event.delta.encode()
            texts[type(event)].append(event.delta)
        if isinstance(event, (Failed, Finish)):
            broken = isinstance(event, Failed)
            assert not broken or isinstance(event.error, StreamError)
            end = type(event.error) if isinstance(event, Failed) else event.reason
            return *map("".join, texts.values()), end
    return *map("".join, texts.values()), None


def _attempted(rules: Rules, blocks: list[bytes]) -> tuple[Any, ...]:
    tried = Attempt(ChatReader(), rules)
    failed = None
    try:
        for block in blocks:
            tried.feed(block)
        tried.end()
    except StreamError as error:
        failed = type(error)
    text = "".join(event.delta for event in tried.take() if isinstance(event, Text))
    assert "STOP" not in text
    assert "<|end|>" not in text or failed
    text.encode()
    return text, tried.finish and tried.finish.reason, failed


def _joined(point: Break, pieces: list[str]) -> str | None:
    """Give the text that the continuation makes of a broken reply, or None: it is refused."""
    join = Join(point)
    said: str | None = None
    try:
        for number, piece in enumerate(pieces):
            said = join.feed(piece)
            if said is not None:
                return said + "".join(pieces[number + 1 :])
        return join.flush()
    except SeamError:
        return None
