"""Scenarios of what healthy events contain: reasoning, refusals, tags, oddly filled fields."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .answers import Answer, Event, amend, encode, json_event, stream
from .dialects import CHAT, COMPLETIONS, DONE, RESPONSES, TGI, cumulative, with_choice
from .scenario import BEFORE, DELTAS, LEAKED_TOKENS, OPENAI, TEXT, Ask, scenario

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_THOUGHTS = ("The user", " wants", " a\n", "story. 日本")


@scenario("exact", dialects=("openai",))
def azure_empty_choices(ask: Ask) -> Answer:
    """The first chunk has no choices but the results of a prompt filter."""
    return stream(CHAT.chunk(prompt_filter_results=[{"prompt_index": 0}]), *ask.reply().events)


@scenario("exact", dialects=("openai",))
def content_none(ask: Ask) -> Answer:
    """The first deltas have a role only, a null content and an empty content."""
    odd: tuple[dict[str, Any], ...] = ({"role": "assistant"}, {"content": None}, {"content": ""})
    return stream(*(CHAT.chunk(delta) for delta in odd), *ask.reply().events)


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
    return stream(*bare, json_event(end), DONE)


@scenario("exact", dialects=("openai",))
def roles_everywhere(_: Ask) -> Answer:
    """Every delta repeats the role."""
    texts = [CHAT.chunk({"role": "assistant", "content": delta}) for delta in DELTAS]
    return stream(*texts, CHAT.chunk({"role": "assistant", "content": ""}, "stop"), DONE)


@scenario("exact", dialects=OPENAI)
def second_choice(ask: Ask) -> Answer:
    """Chunks of a second choice come between those of the first."""
    parts = ask.reply()
    other = [with_choice(event, index=1) for event in [*parts.texts, *parts.tail]]
    mixed = [e for pair in zip(parts.texts, other, strict=False) for e in pair]
    return stream(*parts.head, *mixed, *parts.tail, *parts.after)


@scenario("exact", dialects=OPENAI)
def choices_unnumbered(ask: Ask) -> Answer:
    """Each chunk has two choices without an index: the first is the answer."""
    return stream(*map(_two_choices, ask.reply().events))


def _two_choices(event: Event) -> Event:
    if not event.data.startswith("{"):
        return event
    chunk = json.loads(event.data)
    [choice] = chunk["choices"]
    del choice["index"]
    other = json.loads(with_choice(event, delta={"content": "?"}, text="?").data)["choices"][0]
    del other["index"]
    return json_event(chunk | {"choices": [choice, other]})


@scenario("exact", options={"cumulative": True})
def cumulative_chunks(ask: Ask) -> Answer:
    """Every chunk carries the whole text so far; a client has to be told."""
    return stream(*ask.reply(cumulative(DELTAS)).events)


@scenario("error", first="".join(cumulative(DELTAS)), max_requests=1)
def cumulative_unasked(ask: Ask) -> Answer:
    """Every chunk carries the whole text so far, and the client was not told."""
    return stream(*ask.reply(cumulative(DELTAS)).events)


@scenario("exact", expected="ha" * 150)
def repeat_legit(ask: Ask) -> Answer:
    """150 equal deltas, as an honest answer may have."""
    return stream(*ask.reply(["ha"] * 150).events)


@scenario("exact", expected=" \n\n  \t \n" + TEXT + "\n \n")
def white_space(ask: Ask) -> Answer:
    """Deltas of white space only, at the beginning and the end too."""
    return stream(*ask.reply((" \n", "\n ", " \t", " \n", *DELTAS, "\n", " ", "\n")).events)


@scenario("exact", dialects=("openai", "responses"), reasoning="".join(_THOUGHTS))
def reasoning(ask: Ask) -> Answer:
    """Reasoning comes before the answer, in a field of its own."""
    parts = ask.reply()
    if ask.dialect is RESPONSES:
        thoughts = [RESPONSES.text(t, 1, "reasoning_text") for t in _THOUGHTS]
    else:
        thoughts = [CHAT.chunk({"reasoning_content": t, "content": None}) for t in _THOUGHTS]
    return stream(*parts.head, *thoughts, *parts.texts, *parts.tail, *parts.after)


@scenario("exact", dialects=("openai",), reasoning="".join(_THOUGHTS))
def reasoning_openrouter(ask: Ask) -> Answer:
    """Reasoning comes as `reasoning`, and once more as `reasoning_details`."""
    parts = ask.reply()
    deltas = [{"reasoning": t, "reasoning_details": [{"text": t}]} for t in _THOUGHTS]
    thoughts = [CHAT.chunk({"content": "", **delta}) for delta in deltas]
    return stream(*parts.head, *thoughts, *parts.texts, *parts.tail, DONE)


def _after(ask: Ask, thoughts: Iterable[Mapping[str, Any]]) -> Answer:
    parts = ask.reply()
    return stream(*parts.head, *map(CHAT.chunk, thoughts), *parts.texts, *parts.tail, DONE)


@scenario("exact", dialects=("openai",), reasoning="".join(_THOUGHTS))
def reasoning_thinking(ask: Ask) -> Answer:
    """Reasoning comes as `thinking`."""
    return _after(ask, ({"thinking": t} for t in _THOUGHTS))


@scenario("exact", dialects=("openai",), reasoning="".join(_THOUGHTS))
def reasoning_details(ask: Ask) -> Answer:
    """Reasoning comes as the summaries in `reasoning_details` alone."""
    kind = "reasoning.summary"
    return _after(ask, ({"reasoning_details": [{"type": kind, "summary": t}]} for t in _THOUGHTS))


@scenario("exact", dialects=("openai",), reasoning="".join(_THOUGHTS))
def reasoning_two_names(ask: Ask) -> Answer:
    """The same reasoning comes as `reasoning_content` and as `reasoning`."""
    return _after(ask, ({"reasoning_content": t, "reasoning": t} for t in _THOUGHTS))


@scenario("exact", dialects=("openai",), reasoning="".join(_THOUGHTS))
def reasoning_blocks(ask: Ask) -> Answer:
    """Content is lists of blocks, first of reasoning, then of text, as Mistral's."""
    thoughts = [{"type": "thinking", "thinking": [{"type": "text", "text": t}]} for t in _THOUGHTS]
    texts = [{"type": "text", "text": delta} for delta in DELTAS]
    parts = ask.reply()
    blocks = [CHAT.chunk({"content": [block]}) for block in (*thoughts, *texts)]
    return stream(*parts.head, *blocks, *parts.tail, DONE)


@scenario("exact", reasoning="".join(_THOUGHTS))
def thought_tags(ask: Ask) -> Answer:
    """The answer begins with a `<thought>` block, as Gemini's when asked for its thoughts."""
    return stream(*ask.reply(("<thought>", *_THOUGHTS, "</thought>", *DELTAS)).events)


@scenario("exact", reasoning="".join(_THOUGHTS))
def think_tags_split(ask: Ask) -> Answer:
    """The answer begins with a `<think>` block whose tags are split over chunks."""
    block = ("<th", "ink", ">\n", *_THOUGHTS, "\n<", "/thi", "nk>\n", "\n")
    return stream(*ask.reply((*block, *DELTAS)).events)


_ABOUT = ("Use", " `<thi", "nk>`", " and", " `</think", ">`", " tags.")


@scenario("exact", expected="".join(_ABOUT))
def think_tags_quoted(ask: Ask) -> Answer:
    """The answer talks about `<think>` tags: it stays whole."""
    return stream(*ask.reply(_ABOUT).events)


@scenario("exact", dialects=("completions", "tgi"))
def special_tokens_split(ask: Ask) -> Answer:
    """Control tokens of the prompt's template come as text, split over chunks."""
    return stream(*ask.reply((*DELTAS, *LEAKED_TOKENS)).events)


@scenario("exact", dialects=("tgi",))
def tgi_special_tokens(ask: Ask) -> Answer:
    """Tokens marked as special are not part of the answer."""
    parts = ask.reply()
    marks = [TGI.token(text, 50, special=True) for text in ("<s>", "<|im_end|>")]
    return stream(marks[0], *parts.texts, marks[1], *parts.tail)


@scenario("exact", dialects=("tgi",))
def tgi_minimal(ask: Ask) -> Answer:
    """Events with little but the text: no index, no logprob, keys of other servers."""
    *texts, last = DELTAS
    some = [{"token": {"text": t, "special": False}, "provider": "x"} for t in texts]
    end = {"token": {"id": 2, "text": last}, "generated_text": TEXT}
    details = {"details": {"finish_reason": "eos_token", "generated_tokens": 9}}
    return stream(*(json_event(e) for e in (*some, end | (details if ask.body else {}))))


@scenario("exact", dialects=("tgi",))
def tgi_no_details(ask: Ask) -> Answer:
    """The last event has the generated text but no details, though they were asked for."""
    parts = ask.reply()
    return stream(*parts.texts, *amend(parts.tail, details=None))


@scenario("exact", dialects=("tgi",))
def tgi_text_last(ask: Ask) -> Answer:
    """The whole text comes in the last event only, without any token."""
    return stream(*amend(ask.reply().tail, token=None))


@scenario("exact", dialects=("tgi",))
def tgi_text_again(ask: Ask) -> Answer:
    """The last event has no token, only the whole text once more."""
    parts = ask.reply()
    return stream(*parts.texts, *amend(parts.tail, token=None))


@scenario("exact", dialects=("tgi",))
def tgi_done(ask: Ask) -> Answer:
    """`data:[DONE]` after the last event, as some servers in front of TGI add."""
    return Answer(encode([*ask.reply().events, DONE], space=""))


@scenario("exact", dialects=("responses",))
def responses_unknown_events(ask: Ask) -> Answer:
    """Events of types that nobody knows yet."""
    parts = ask.reply()
    odd = RESPONSES.event("response.mood.delta", 3, delta="happy", item_id="mood_1")
    return stream(*parts.head, odd, *parts.texts, odd, *parts.tail)


@scenario("exact", dialects=("responses",))
def responses_without_deltas(_: Ask) -> Answer:
    """The whole text comes in the last event only."""
    created = RESPONSES.event("response.created", 0, response=RESPONSES.response("in_progress"))
    return stream(created, RESPONSES.ended("completed", [RESPONSES.message(TEXT)], 1))


@scenario("exact", dialects=("responses",))
def responses_whole_message(_: Ask) -> Answer:
    """The whole text comes in `response.output_item.done` only."""
    return stream(*RESPONSES.head(), _whole_message(TEXT, 0), RESPONSES.ended("completed", [], 4))


@scenario("exact", dialects=("responses",))
def responses_second_message(_: Ask) -> Answer:
    """Of two messages the first comes in deltas, the second only when it is whole."""
    begun = [RESPONSES.text(delta, 3) for delta in DELTAS[:BEFORE]]
    texts = ("".join(DELTAS[:BEFORE]), "".join(DELTAS[BEFORE:]))
    whole = [_whole_message(text, place) for place, text in enumerate(texts)]
    end = RESPONSES.ended("completed", [RESPONSES.message(text) for text in texts], 9)
    return stream(*RESPONSES.head(), *begun, *whole, end)


def _whole_message(text: str, place: int) -> Event:
    item = RESPONSES.message(text)
    return RESPONSES.event("response.output_item.done", 8, output_index=place, item=item)


@scenario("exact", dialects=("completions",))
def completions_null_text(ask: Ask) -> Answer:
    """Some chunks have a null text."""
    parts = ask.reply()
    nulls = with_choice(COMPLETIONS.chunk(""), text=None)
    return stream(nulls, *parts.texts, nulls, *parts.tail, DONE)
