"""Jinja templates that differ from pieces in one corner, where no layout may be wrong.

Each is ChatML but for one thing. Whoever makes the proof cheaper is caught here.
"""

from __future__ import annotations

import pytest

from chatadapters import Message, TemplateError
from chatadapters.templates import DialogueTemplate, Layout

from ..conformance.oracle import oracle
from .test_jinja import CHATML

TEXT = "m['content'] +"
SYSTEM_FIRST = (
    "{% if messages[0].role == 'system' %}{% set s = messages[0].content %}"
    "{% set messages = messages[1:] %}{% else %}{% set s = '' %}{% endif %}"
)
NAMESPACE = "{% set n = namespace(seen='') %}"


def _text(written: str) -> str:
    """Put another expression where the text is written."""
    return CHATML.replace(TEXT, f"({written}) +")


def _user(text: str) -> list[Message]:
    return [Message("user", text)]


def _answer(text: str) -> list[Message]:
    return [Message("user", "a"), Message("assistant", text)]


def _turns(count: int) -> list[Message]:
    return [Message(("user", "assistant")[number % 2], f"t{number}") for number in range(count)]


def _system(text: str, count: int = 1) -> list[Message]:
    return [Message("system", text), *_turns(count)]


C = "m.content"
BEFORE = "loop.previtem and loop.previtem.role"
MISSES: dict[str, tuple[str, list[Message]]] = {
    "third turn": (_text(f"{C} if loop.index != 3 else '[3]' + {C}"), _turns(3)),
    "seventh turn": (_text(f"{C} if loop.index != 7 else {C} + '!'"), _turns(7)),
    "twentieth turn": (_text(f"{C} if loop.index0 != 19 else '?'"), _turns(20)),
    "more than forty turns": (
        _text(f"{C} if messages | length <= 40 else {C} + '!'"),
        _turns(41),
    ),
    "second exchange": (CHATML + "{% if messages | length == 4 %}x{% endif %}", _turns(4)),
    "whether the count is even": (
        CHATML + "{% if messages | length is divisibleby 6 %}x{% endif %}",
        _turns(6),
    ),
    "an empty text": (_text(f"{C} or '(nothing)'"), _user("")),
    "a text of white space": (_text(f"{C} if {C}.strip() else ''"), _user(" \n")),
    "an answer of white space": (
        _text(f"{C} if {C} | trim or m.role == 'user' else '-'"),
        _answer(" "),
    ),
    "white space around a system text": (
        _text(f"{C}.strip() if m.role == 'system' else {C}"),
        _system(" x\n"),
    ),
    "a system text of white space": (
        SYSTEM_FIRST + "{% if s.strip() %}{{ s.strip() + '\n' }}{% endif %}" + CHATML,
        _system(" \n"),
    ),
    "a system text of white space, block kept": (
        SYSTEM_FIRST + "{% if s %}[{{ s.strip() }}]{% else %}[none]{% endif %}" + CHATML,
        _system(" \n"),
    ),
    "system text and user text stripped as one": (
        SYSTEM_FIRST
        + CHATML.replace(TEXT, f"((s + '\\n\\n' + {C}).strip() if loop.first else {C}.strip()) +"),
        [Message("system", "s"), Message("user", " \n ")],
    ),
    "system text only where the user is last": (
        SYSTEM_FIRST
        + CHATML.replace(TEXT, f"(s + {C} if loop.last and m.role == 'user' else {C}) +"),
        _system("s", 2),
    ),
    "last answer": (_text(f"{C} if not loop.last or m.role == 'user' else {C} + '.'"), _turns(2)),
    "last answer, no prompt": (
        CHATML + "{% if not add_generation_prompt and messages | length > 4 %}end{% endif %}",
        _turns(6),
    ),
    "no-break space": (_text(f"{C}.strip(' \\n\\t\\r')"), _user("\xa0x\xa0")),
    "vertical tab": (_text(f"{C}.strip(' \\n\\t\\r')"), _user("\x0bx\x1f")),
    "carriage return": (_text(f"{C}.replace('\\r\\n', '\\n')"), _user("a\r\nb")),
    "line separator": (_text(f"{C}.splitlines() | join('\\n')"), _user("a\u2028b")),
    "zero-width space": (_text(f"{C}.replace('\u200b', '')"), _user("a\u200bb")),
    "case": (_text(f"{C}.lower().upper()"), _user("ß")),
    "case of letters beyond ASCII": (
        _text(f"{C} | title if 'ß' in {C} else {C}"),
        _user("ßoft text"),
    ),
    "a word alone": (_text(f"{C} if {C} != 'stop' else ''"), _answer("stop")),
    "a word at the start": (_text(f"{C}[4:] if {C}.startswith('stop') else {C}"), _user("stop it")),
    "a word at the end": (_text(f"{C}[:-4] if {C}.endswith('stop') else {C}"), _user("do stop")),
    "a word inside": (
        _text(f"'' if 'stop' in {C} and not {C}.startswith('stop') else {C}"),
        _user("do stop it"),
    ),
    "a word in answers": (
        _text(f"{C}.split('</a>')[-1] if m.role == 'assistant' else {C}"),
        _answer("b</a>c"),
    ),
    "a word in answers but the last": (
        _text(f"{C}.replace('stop', '') if m.role == 'assistant' and not loop.last else {C}"),
        [*_answer("stop it"), *_user("b")],
    ),
    "a word in the system text": (
        NAMESPACE + CHATML + "{% if messages[0].content == 'think' %}<think>{% endif %}",
        _system("think"),
    ),
    "a word that changes what comes later": (
        NAMESPACE
        + _text(f"{C} + n.seen").replace(
            "{% for m in messages %}",
            "{% for m in messages %}{% if '/off' in m.content %}{% set n.seen = '~' %}{% endif %}",
        ),
        [*_answer("b"), *_user("x /off")],
    ),
    "a word from a key": (_text(f"{{'stop': 'go'}}.get({C}, {C})"), _user("stop")),
    "a word put together": (_text(f"'' if {C} == 'st' ~ 'op' else {C}"), _user("stop")),
    "a word in a macro": (
        "{% macro w() %}stop{% endmacro %}" + _text(f"{C}.replace(w(), '')"),
        _user("do stop it"),
    ),
    "a role that is a text": (
        "{% set n = namespace(role=messages[0].content) %}"
        + CHATML
        + "{% if n.role == 'stop' %}x{% endif %}",
        _user("stop"),
    ),
    "a text by which messages are grouped": (
        CHATML
        + "{% for g in messages | groupby('content') %}"
        + "{% if g.grouper == 'stop' %}x{% endif %}{% endfor %}",
        _user("stop"),
    ),
    "a text that becomes the value of a key": (
        CHATML
        + "{% for m in messages %}{% set d = {}.fromkeys(['kind'], m.content) %}"
        + "{% if d.kind == 'stop' %}x{% endif %}{% endfor %}",
        _user("stop"),
    ),
    "a text that becomes the key of a message": (
        CHATML
        + "{% for m in messages %}{% set d = dict(m, kind=m.content) %}"
        + "{% if d.kind == 'stop' %}x{% endif %}{% endfor %}",
        _user("stop"),
    ),
    "a role that the template changes": (
        CHATML
        + "{% for m in messages %}{% set d = dict(m, role='tool') %}"
        + "{% if d.role == 'tool' and d.content == 'stop' %}x{% endif %}{% endfor %}",
        _user("stop"),
    ),
    "a long text": (_text(f"{C}[:300]"), _user("long " * 100)),
    "a long text is marked": (
        _text(f"{C} if {C} | length < 1000 else {C} + '…'"),
        _user("x" * 1000),
    ),
    "two users in a row": (
        _text(f"'+' + {C} if {BEFORE} == m.role else {C}"),
        [*_user("a"), *_user("b")],
    ),
    "two answers in a row": (
        _text(f"'+' + {C} if m.role != 'user' and {BEFORE} == m.role else {C}"),
        [*_answer("b"), Message("assistant", "c")],
    ),
    "the assistant speaks first": (
        _text(f"{C} if not loop.first or m.role != 'assistant' else '>' + {C}"),
        [Message("assistant", "hi"), *_user("b")],
    ),
    "a system message late": (
        _text(f"{C} if loop.first or m.role != 'system' else '!' + {C} if loop.last else {C}"),
        [*_turns(1), Message("system", "s")],
    ),
    "a system message after a user's": (
        _text(f"'!' + {C} if m.role == 'system' and {BEFORE} == 'user' else {C}"),
        [*_turns(1), Message("system", "s"), *_answer("b")],
    ),
    "the same text twice": (
        _text(f"{C} if loop.first or loop.previtem.content != {C} else '(again)'"),
        [*_user("a"), Message("assistant", "a")],
    ),
    "a year long past": (
        CHATML + "{% if strftime_now('%Y') < '2020' %}old{% endif %}",
        _user("a"),
    ),
}
# Layouts can say these; they are compiled, and right.
SAID = {
    "a system text of white space",
    "a system text of white space, block kept",
    "system text and user text stripped as one",
    "system text only where the user is last",
    "white space around a system text",
    "last answer",
    "two users in a row",
    "a word in answers",
    "two answers in a row",
    "a system message late",
    "a system message after a user's",
}


def _agrees(template: DialogueTemplate, source: str, turns: list[Message]) -> bool:
    """Say whether both prompts of a conversation are Jinja's, or refused."""
    for generation in (True, False):
        if generation and turns[-1].role == "assistant":
            continue
        write = template.get_inference_prompt if generation else template.get_training_prompt
        try:
            written = write(turns, escape="off", bos=True)
        except TemplateError:
            continue
        if written != oracle(source, turns, "", "", generation=generation):
            return False
    return True


@pytest.mark.parametrize("name", MISSES)
def test_a_near_miss_is_never_compiled_to_something_else(name: str) -> None:
    """In its corner, too, the prompt is Jinja's: as pieces where they can say it, else rendered."""
    source, corner = MISSES[name]
    template = DialogueTemplate.from_jinja(source)
    assert _agrees(template, source, corner)
    others = [conversation for _, conversation in MISSES.values()]
    assert all(_agrees(template, source, turns) for turns in others)
    assert isinstance(template.layout, Layout) == (name in SAID)


def test_what_they_nearly_are_is_compiled() -> None:
    """The template that all of these differ from is pieces."""
    assert isinstance(DialogueTemplate.from_jinja(CHATML).layout, Layout)
