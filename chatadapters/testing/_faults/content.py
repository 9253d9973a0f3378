"""Scenarios of what healthy events contain: reasoning, refusals, tags, oddly filled fields."""

from __future__ import annotations

import json
from typing import Any

from .answers import Answer, Event, amend, dumps, encode, json_event, spaced
from .dialects import CHAT, COMPLETIONS, DONE, RESPONSES, TGI, cumulative
from .scenario import BEFORE, DELTAS, OPENAI, TEXT, Ask, scenario

_SOME = "".join(DELTAS[:BEFORE])
_THOUGHTS = ("The user", " wants", " a\n", "story. 日本")


def _chat(*events: Event) -> Answer:
    return Answer(encode(events))


@scenario("exact", dialects=("openai",))
def azure_empty_choices(ask: Ask) -> Answer:
    """The first chunk has no choices but the results of a prompt filter."""
    return _chat(CHAT.chunk(prompt_filter_results=[{"prompt_index": 0}]), *ask.reply().events)


@scenario("exact", dialects=OPENAI)
def usage_last(ask: Ask) -> Answer:
    """The last chunk has no choices but the usage."""
    parts = ask.reply()
    usage = {"prompt_tokens": 7, "completion_tokens": 22, "total_tokens": 29}
    last = json_event({"id": "x", "choices": [], "usage": usage})
    return _chat(*parts.head, *parts.texts, *parts.tail, last, DONE)


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
    return _chat(*amend(ask.reply().events, usage=usage))


@scenario("exact", dialects=("openai",))
def content_none(ask: Ask) -> Answer:
    """The first deltas have a role only, a null content and an empty content."""
    odd: tuple[dict[str, Any], ...] = ({"role": "assistant"}, {"content": None}, {"content": ""})
    return _chat(*(CHAT.chunk(delta) for delta in odd), *ask.reply().events)


@scenario("exact", dialects=("openai",))
def null_fields(_: Ask) -> Answer:
    """Optional fields are null or missing, identifiers too."""
    nulls: dict[str, Any] = {
        "role": None,
        "tool_calls": None,
        "function_call": None,
        "refusal": None,
    }
    more = {"reasoning_content": None, "reasoning": None, "audio": None, **nulls}
    deltas = [{"content": delta, **more} for delta in DELTAS]
    bare = [json_event({"choices": [{"delta": delta}], "usage": None}) for delta in deltas]
    end = {"choices": [{"delta": None, "finish_reason": "stop"}], "error": None}
    return _chat(*bare, json_event(end), DONE)


@scenario("exact", dialects=("openai",))
def roles_everywhere(_: Ask) -> Answer:
    """Every delta repeats the role."""
    texts = [CHAT.chunk({"role": "assistant", "content": delta}) for delta in DELTAS]
    return _chat(*texts, CHAT.chunk({"role": "assistant", "content": ""}, "stop"), DONE)


@scenario("exact", dialects=OPENAI)
def finish_with_text(ask: Ask) -> Answer:
    """The finish reason comes in the chunk of the last text."""
    parts = ask.reply()
    *texts, last = parts.texts
    return _chat(*parts.head, *texts, _with_choice(last, finish_reason="stop"), DONE)


def _with_choice(event: Event, **fields: Any) -> Event:
    chunk = json.loads(event.data)
    chunk["choices"] = [choice | fields for choice in chunk["choices"]]
    return event._replace(data=dumps(chunk))


@scenario("exact", dialects=OPENAI)
def finish_empty_string(ask: Ask) -> Answer:
    """`finish_reason` is `""` where it should be null."""
    parts = ask.reply()
    unfinished = [_with_choice(event, finish_reason="") for event in parts.until(len(DELTAS))]
    return _chat(*unfinished, *parts.tail, DONE)


@scenario("exact", dialects=OPENAI, reason="paused")
def finish_unknown(ask: Ask) -> Answer:
    """The finish reason is a word of this server's own."""
    return _chat(*ask.reply(reason="paused").events)


@scenario("exact", dialects=OPENAI)
def finish_twice(ask: Ask) -> Answer:
    """The finish comes twice."""
    parts = ask.reply()
    return _chat(*parts.head, *parts.texts, *parts.tail, *parts.tail, DONE)


@scenario("exact", dialects=("openai", "completions", "tgi"))
def text_after_finish(ask: Ask) -> Answer:
    """Text comes after the finish."""
    parts = ask.reply()
    return _chat(*parts._replace(after=[parts.texts[0], *parts.after]).events)


@scenario("exact", expected="")
def finish_without_text(ask: Ask) -> Answer:
    """The reply is finished and empty."""
    return _chat(*ask.reply(()).events)


@scenario("exact", dialects=OPENAI)
def second_choice(ask: Ask) -> Answer:
    """Chunks of a second choice come between those of the first."""
    parts = ask.reply()
    other = [_with_choice(event, index=1) for event in [*parts.texts, *parts.tail]]
    mixed = [e for pair in zip(parts.texts, other, strict=False) for e in pair]
    return _chat(*parts.head, *mixed, *parts.tail, *parts.after)


@scenario("exact", options={"cumulative": True})
def cumulative_chunks(ask: Ask) -> Answer:
    """Every chunk carries the whole text so far; a client has to be told."""
    return _chat(*ask.reply(cumulative(DELTAS)).events)


@scenario("exact", expected="ha" * 150)
def repeat_legit(ask: Ask) -> Answer:
    """150 equal deltas, as an honest answer may have."""
    return _chat(*ask.reply(["ha"] * 150).events)


@scenario("exact", expected=" \n\n  \t \n" + TEXT + "\n \n")
def white_space(ask: Ask) -> Answer:
    """Deltas of white space only, at the beginning and the end too."""
    return _chat(*ask.reply((" \n", "\n ", " \t", " \n", *DELTAS, "\n", " ", "\n")).events)


@scenario("exact", dialects=("openai", "responses"), reasoning="".join(_THOUGHTS))
def reasoning(ask: Ask) -> Answer:
    """Reasoning comes before the answer, in a field of its own."""
    parts = ask.reply()
    if ask.dialect is RESPONSES:
        thoughts = [RESPONSES.text(t, 1, "reasoning_text") for t in _THOUGHTS]
    else:
        thoughts = [CHAT.chunk({"reasoning_content": t, "content": None}) for t in _THOUGHTS]
    return _chat(*parts.head, *thoughts, *parts.texts, *parts.tail, *parts.after)


@scenario("exact", dialects=("openai",), reasoning="".join(_THOUGHTS))
def reasoning_openrouter(ask: Ask) -> Answer:
    """Reasoning comes as `reasoning`, and once more as `reasoning_details`."""
    parts = ask.reply()
    deltas = [{"reasoning": t, "reasoning_details": [{"text": t}]} for t in _THOUGHTS]
    thoughts = [CHAT.chunk({"content": "", **delta}) for delta in deltas]
    return _chat(*parts.head, *thoughts, *parts.texts, *parts.tail, DONE)


@scenario("exact", reasoning="".join(_THOUGHTS))
def think_tags_split(ask: Ask) -> Answer:
    """The answer begins with a `<think>` block whose tags are split over chunks."""
    block = ("<th", "ink", ">\n", *_THOUGHTS, "\n<", "/thi", "nk>\n", "\n")
    return _chat(*ask.reply((*block, *DELTAS)).events)


_ABOUT = ("Use", " `<thi", "nk>`", " and", " `</think", ">`", " tags.")


@scenario("exact", expected="".join(_ABOUT))
def think_tags_quoted(ask: Ask) -> Answer:
    """The answer talks about `<think>` tags: it stays whole."""
    return _chat(*ask.reply(_ABOUT).events)


_LEAKED = ("<|e", "nd", "|>", "\n<|us", "er|>\nAnd")


@scenario("exact", dialects=("completions", "tgi"))
def special_tokens_split(ask: Ask) -> Answer:
    """Control tokens of the prompt's template come as text, split over chunks."""
    return _chat(*ask.reply((*DELTAS, *_LEAKED)).events)


@scenario("stop", stop=("<|end|>",))
def leaked_end_token(ask: Ask) -> Answer:
    """A control token that is given as a stop sequence comes as text, split over chunks."""
    return _chat(*ask.reply((*DELTAS, *_LEAKED)).events)


@scenario("exact", dialects=("tgi",))
def tgi_special_tokens(ask: Ask) -> Answer:
    """Tokens marked as special are not part of the answer."""
    parts = ask.reply()
    marks = [TGI.token(text, 50, special=True) for text in ("<s>", "<|im_end|>")]
    return _chat(marks[0], *parts.texts, marks[1], *parts.tail)


@scenario("exact", dialects=("tgi",))
def tgi_minimal(ask: Ask) -> Answer:
    """Events with little but the text: no index, no logprob, keys of other servers."""
    *texts, last = DELTAS
    some = [{"token": {"text": t, "special": False}, "provider": "x"} for t in texts]
    end = {"token": {"id": 2, "text": last}, "generated_text": TEXT}
    details = {"details": {"finish_reason": "eos_token", "generated_tokens": 9}}
    return _chat(*(json_event(e) for e in (*some, end | (details if ask.body else {}))))


@scenario("exact", dialects=("tgi",))
def tgi_no_details(ask: Ask) -> Answer:
    """The last event has the generated text but no details, though they were asked for."""
    parts = ask.reply()
    return _chat(*parts.texts, *amend(parts.tail, details=None))


@scenario("exact", dialects=("tgi",))
def tgi_done(ask: Ask) -> Answer:
    """`data:[DONE]` after the last event, as some servers in front of TGI add."""
    return Answer(encode([*ask.reply().events, DONE], space=""))


@scenario("exact", dialects=("responses",))
def responses_unknown_events(ask: Ask) -> Answer:
    """Events of types that nobody knows yet."""
    parts = ask.reply()
    odd = RESPONSES.event("response.mood.delta", 3, delta="happy", item_id="mood_1")
    return _chat(*parts.head, odd, *parts.texts, odd, *parts.tail)


@scenario("exact", dialects=("responses",))
def responses_without_deltas(_: Ask) -> Answer:
    """The whole text comes in the last event only."""
    created = RESPONSES.event("response.created", 0, response=RESPONSES.response("in_progress"))
    return _chat(created, RESPONSES.ended("completed", [RESPONSES.message(TEXT)], 1))


@scenario("flag", dialects=("openai", "responses"), expected="I can't help.", reason="refusal")
def refusal(ask: Ask) -> Answer:
    """The model refuses, in a field of its own."""
    words = ("I can't", " help", ".")
    if ask.dialect is RESPONSES:
        item = RESPONSES.message("") | {
            "content": [{"type": "refusal", "refusal": "I can't help."}]
        }
        told = [RESPONSES.text(word, 3, "refusal") for word in words]
        return _chat(*RESPONSES.head(), *told, RESPONSES.ended("completed", [item], 9))
    told = [CHAT.chunk({"content": None, "refusal": word}) for word in words]
    return _chat(CHAT.chunk({"role": "assistant"}), *told, CHAT.chunk({}, "stop"), DONE)


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


@scenario("flag", dialects=("openai", "responses"), expected="", reason="tool_calls")
def tool_calls(ask: Ask) -> Answer:
    """The model calls a tool and says nothing."""
    if ask.dialect is RESPONSES:
        return _chat(*_response_calls())
    first = CHAT.chunk({"role": "assistant", "content": None})
    return _chat(first, *_calls(), CHAT.chunk({}, "tool_calls"), DONE)


@scenario("flag", dialects=("openai",), expected=_SOME, reason="tool_calls")
def tool_calls_between(ask: Ask) -> Answer:
    """Text and pieces of a tool call take turns."""
    texts = ask.reply().texts[:BEFORE]
    mixed = [e for pair in zip(texts, _calls(), strict=False) for e in pair]
    return _chat(*mixed, texts[-1], CHAT.chunk({}, "tool_calls"), DONE)


@scenario("flag", reason="length", expected=_SOME)
def finish_length(ask: Ask) -> Answer:
    """The length limit ends the reply."""
    return _chat(*ask.reply(DELTAS[:BEFORE], "length").events)


@scenario("flag", dialects=("openai", "responses"), reason="length", expected="")
def finish_length_empty(ask: Ask) -> Answer:
    """The length limit ends the reply before its first text."""
    return _chat(*ask.reply((), "length").events)


@scenario("flag", dialects=(*OPENAI, "responses"), reason="content_filter", expected=_SOME)
def finish_content_filter(ask: Ask) -> Answer:
    """A content filter ends the reply in its middle."""
    return _chat(*ask.reply(DELTAS[:BEFORE], "content_filter").events)


@scenario("flag", dialects=(*OPENAI, "responses"), reason="content_filter", expected="")
def content_filter_empty(ask: Ask) -> Answer:
    """A content filter ends the reply before its first text."""
    return _chat(*ask.reply((), "content_filter").events)


_ON = ("The answer", " is 42.", "\nUs", "er", ": and", " what is", " 6 times 7?", "\nUser: x")


@scenario("stop", stop=("\nUser:",), expected="The answer is 42.")
def ignores_stop(ask: Ask) -> Answer:
    r"""The server ignores the stop sequence `\nUser:`, which spans three chunks."""
    return _chat(*ask.reply(_ON).events)


@scenario("exact", stop=("\nUser:",), expected="The answer is 42.\nUsed")
def almost_stop(ask: Ask) -> Answer:
    """The text ends like the beginning of a stop sequence and goes on otherwise."""
    return _chat(*ask.reply(("The answer", " is 42.", "\nU", "se", "d")).events)


@scenario("exact", stop=("\nUser:",), expected="The answer is 42.\nUse")
def half_stop(ask: Ask) -> Answer:
    """The text ends in the beginning of a stop sequence: it is text."""
    return _chat(*ask.reply(("The answer", " is 42.", "\nU", "se")).events)


@scenario("exact", dialects=("completions",))
def completions_null_text(ask: Ask) -> Answer:
    """Some chunks have a null text."""
    parts = ask.reply()
    nulls = _with_choice(COMPLETIONS.chunk(""), text=None)
    return _chat(nulls, *parts.texts, nulls, *parts.tail, DONE)
