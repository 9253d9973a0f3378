"""Scenarios of how a reply ends: finish reasons, usage, tool calls, stop sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .answers import Answer, Event, amend, encode, json_event, spaced, stream
from .dialects import CHAT, COMPLETIONS, DONE, RESPONSES, TGI, with_choice
from .scenario import BEFORE, DELTAS, LEAKED_TOKENS, OPENAI, TEXT, Ask, scenario

if TYPE_CHECKING:
    from collections.abc import Iterable

_SOME = "".join(DELTAS[:BEFORE])


@scenario("exact", dialects=OPENAI)
def usage_last(ask: Ask) -> Answer:
    """The last chunk has no choices but the usage."""
    parts = ask.reply()
    usage = {"prompt_tokens": 7, "completion_tokens": 22, "total_tokens": 29}
    last = json_event({"id": "x", "choices": [], "usage": usage})
    return stream(*parts.head, *parts.texts, *parts.tail, last, DONE)


@scenario("exact", dialects=OPENAI)
def usage_late(ask: Ask) -> Answer:
    """The usage and `[DONE]` come 10 s after the finish."""
    parts = ask.reply()
    late = encode([json_event({"choices": [], "usage": {"completion_tokens": 22}}), DONE])
    return Answer([*encode([*parts.head, *parts.texts, *parts.tail]), *spaced(late, 5.0)])


@scenario("exact", dialects=OPENAI)
def usage_everywhere(ask: Ask) -> Answer:
    """Every chunk has the usage so far."""
    usage = {"prompt_tokens": 7, "completion_tokens": 1, "total_tokens": 8}
    return stream(*amend(ask.reply().events, usage=usage))


@scenario("exact", dialects=OPENAI)
def finish_with_text(ask: Ask) -> Answer:
    """The finish reason comes in the chunk of the last text."""
    parts = ask.reply()
    *texts, last = parts.texts
    return stream(*parts.head, *texts, with_choice(last, finish_reason="stop"), DONE)


def _at_once(ask: Ask) -> list[Event]:
    """Give the events up to the last text, which has the finish reason."""
    parts = ask.reply()
    *texts, last = parts.texts
    return [*parts.head, *texts, with_choice(last, finish_reason="stop")]


@scenario("exact", dialects=OPENAI)
def finish_with_text_no_done(ask: Ask) -> Answer:
    """The finish reason comes with the last text, and nothing after it, not even `[DONE]`."""
    return stream(*_at_once(ask))


@scenario("exact", dialects=OPENAI)
def finish_with_text_reset(ask: Ask) -> Answer:
    """The connection is reset right after the last text, with which the finish reason came."""
    return Answer(encode(_at_once(ask)), end="rst")


@scenario("exact", dialects=OPENAI)
def stall_after_finish_with_text(ask: Ask) -> Answer:
    """The finish reason comes with the last text, then nothing, with the connection open."""
    return Answer(encode(_at_once(ask)), end="hold")


@scenario("exact", dialects=("openai", "completions", "tgi"))
def one_chunk(ask: Ask) -> Answer:
    """The whole answer and its finish come in one chunk, and no `[DONE]`."""
    if ask.dialect is TGI:
        token = {"id": 2, "text": TEXT, "special": False}
        return stream(*amend(ask.reply((TEXT,)).tail, token=token))
    whole = {"role": "assistant", "content": TEXT}
    event = CHAT.chunk(whole, "stop") if ask.dialect is CHAT else COMPLETIONS.chunk(TEXT, "stop")
    return stream(event)


@scenario("exact", dialects=OPENAI)
def finish_each_piece(ask: Ask) -> Answer:
    """Each piece of text has a finish reason, as from proxies of Gemini."""
    parts = ask.reply()
    return stream(*parts.head, *_finished(parts.texts), DONE)


@scenario("retry", dialects=OPENAI)
def finish_each_piece_reset_once(ask: Ask) -> Answer:
    """Each piece of text has a finish reason, and a reset comes after 4 of them, once."""
    parts = ask.reply()
    return Answer(encode([*parts.head, *_finished(parts.texts[:BEFORE])]), end="rst")


def _finished(texts: Iterable[Event]) -> list[Event]:
    return [with_choice(event, finish_reason="stop") for event in texts]


@scenario("exact", dialects=("openai",))
def message_last(ask: Ask) -> Answer:
    """The last chunk has the whole text once more, as a `message`, as MiniMax's has."""
    parts = ask.reply()
    message = {"role": "assistant", "content": TEXT}
    last = {"index": 0, "finish_reason": "stop", "message": message}
    return stream(*parts.head, *parts.texts, json_event({"id": "x", "choices": [last]}), DONE)


@scenario("exact", dialects=OPENAI)
def finish_empty_string(ask: Ask) -> Answer:
    """`finish_reason` is `""` where it should be null."""
    parts = ask.reply()
    unfinished = [with_choice(event, finish_reason="") for event in parts.until(len(DELTAS))]
    return stream(*unfinished, *parts.tail, DONE)


@scenario("exact", dialects=OPENAI, reason="paused")
def finish_unknown(ask: Ask) -> Answer:
    """The finish reason is a word of this server's own."""
    return stream(*ask.reply(reason="paused").events)


@scenario("exact", dialects=OPENAI)
def finish_twice(ask: Ask) -> Answer:
    """The finish comes twice."""
    parts = ask.reply()
    return stream(*parts.head, *parts.texts, *parts.tail, *parts.tail, DONE)


@scenario("exact", dialects=("openai", "completions", "tgi"))
def text_after_finish(ask: Ask) -> Answer:
    """Text comes after the finish."""
    parts = ask.reply()
    return stream(*parts._replace(after=[parts.texts[0], *parts.after]).events)


@scenario("exact", expected="")
def finish_without_text(ask: Ask) -> Answer:
    """The reply is finished and empty."""
    return stream(*ask.reply(()).events)


@scenario("stop", stop=("<|end|>",))
def leaked_end_token(ask: Ask) -> Answer:
    """A control token that is given as a stop sequence comes as text, split over chunks."""
    return stream(*ask.reply((*DELTAS, *LEAKED_TOKENS)).events)


@scenario("flag", dialects=("openai", "responses"), expected="I can't help.", reason="refusal")
def refusal(ask: Ask) -> Answer:
    """The model refuses, in a field of its own."""
    words = ("I can't", " help", ".")
    if ask.dialect is RESPONSES:
        item = RESPONSES.message("") | {
            "content": [{"type": "refusal", "refusal": "I can't help."}]
        }
        told = [RESPONSES.text(word, 3, "refusal") for word in words]
        return stream(*RESPONSES.head(), *told, RESPONSES.ended("completed", [item], 9))
    told = [CHAT.chunk({"content": None, "refusal": word}) for word in words]
    return stream(CHAT.chunk({"role": "assistant"}), *told, CHAT.chunk({}, "stop"), DONE)


_CITIES = ("Zürich", "Bern")
_WEATHER = ("get_weather", '{"city": "Zürich"}')
_CALL = {"index": 0, "id": "call_1", "type": "function"}


def _calls() -> list[Event]:
    named = {**_CALL, "function": {"name": "get_weather", "arguments": ""}}
    rest = ['{"city"', ': "Zürich"}']
    more = [{"index": 0, "function": {"arguments": piece}} for piece in rest]
    return [CHAT.chunk({"tool_calls": [call]}) for call in (named, *more)]


def _response_calls() -> list[Event]:
    item = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "get_weather"}
    whole = {**item, "arguments": '{"city": "Zürich"}', "status": "completed"}
    added = RESPONSES.event(
        "response.output_item.added", 1, output_index=0, item={**item, "arguments": ""}
    )
    kind = "response.function_call_arguments.delta"
    place = {"item_id": "fc_1", "output_index": 0}
    deltas = [RESPONSES.event(kind, 2, delta=d, **place) for d in ('{"city"', ': "Zürich"}')]
    done = RESPONSES.event("response.output_item.done", 4, output_index=0, item=whole)
    return [added, *deltas, done, RESPONSES.ended("completed", [whole], 5)]


@scenario(
    "flag",
    dialects=("openai", "responses"),
    expected="",
    reason="tool_calls",
    calls=(_WEATHER,),
)
def tool_calls(ask: Ask) -> Answer:
    """The model calls a tool and says nothing."""
    if ask.dialect is RESPONSES:
        return stream(*_response_calls())
    first = CHAT.chunk({"role": "assistant", "content": None})
    return stream(first, *_calls(), CHAT.chunk({}, "tool_calls"), DONE)


@scenario(
    "flag",
    dialects=("openai",),
    expected="",
    reason="tool_calls",
    calls=(_WEATHER, ("get_weather", '{"city": "Bern"}')),
)
def tool_calls_without_ids(_: Ask) -> Answer:
    """Two tool calls come at once, neither with an index nor with an id, as Gemini's may."""
    functions = [{"name": "get_weather", "arguments": f'{{"city": "{c}"}}'} for c in _CITIES]
    calls = [{"type": "function", "function": function} for function in functions]
    return stream(CHAT.chunk({"role": "assistant", "tool_calls": calls}, "tool_calls"), DONE)


@scenario("flag", dialects=("openai",), expected=_SOME, reason="tool_calls", calls=(_WEATHER,))
def tool_calls_between(ask: Ask) -> Answer:
    """Text and pieces of a tool call take turns."""
    texts = ask.reply().texts[:BEFORE]
    mixed = [e for pair in zip(texts, _calls(), strict=False) for e in pair]
    return stream(*mixed, texts[-1], CHAT.chunk({}, "tool_calls"), DONE)


@scenario("flag", reason="length", expected=_SOME)
def finish_length(ask: Ask) -> Answer:
    """The length limit ends the reply."""
    return stream(*ask.reply(DELTAS[:BEFORE], "length").events)


@scenario("flag", dialects=("openai", "responses"), reason="length", expected="")
def finish_length_empty(ask: Ask) -> Answer:
    """The length limit ends the reply before its first text."""
    return stream(*ask.reply((), "length").events)


@scenario("flag", dialects=(*OPENAI, "responses"), reason="content_filter", expected=_SOME)
def finish_content_filter(ask: Ask) -> Answer:
    """A content filter ends the reply in its middle."""
    return stream(*ask.reply(DELTAS[:BEFORE], "content_filter").events)


@scenario("flag", dialects=(*OPENAI, "responses"), reason="content_filter", expected="")
def content_filter_empty(ask: Ask) -> Answer:
    """A content filter ends the reply before its first text."""
    return stream(*ask.reply((), "content_filter").events)


_ON = ("The answer", " is 42.", "\nUs", "er", ": and", " what is", " 6 times 7?", "\nUser: x")


@scenario("stop", stop=("\nUser:",), expected="The answer is 42.")
def ignores_stop(ask: Ask) -> Answer:
    r"""The server ignores the stop sequence `\nUser:`, which spans three chunks."""
    return stream(*ask.reply(_ON).events)


@scenario("exact", stop=("\nUser:",), expected="The answer is 42.\nUsed")
def almost_stop(ask: Ask) -> Answer:
    """The text ends like the beginning of a stop sequence and goes on otherwise."""
    return stream(*ask.reply(("The answer", " is 42.", "\nU", "se", "d")).events)


@scenario("exact", stop=("\nUser:",), expected="The answer is 42.\nUse")
def half_stop(ask: Ask) -> Answer:
    """The text ends in the beginning of a stop sequence: it is text."""
    return stream(*ask.reply(("The answer", " is 42.", "\nU", "se")).events)
