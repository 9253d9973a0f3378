"""What a template may look for in texts: nothing that could tell two texts apart is left out."""

from __future__ import annotations

import pytest

from chatadapters.templates._sandbox import program


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ 'a' + m['content'] ~ 'b' }}", set()),
        ("{{ 'a' if 'b' in m.content else 'c' }}", {"b"}),
        ("{{ ('a' + m.content) | replace('b', 'c') }}", {"a", "b", "c"}),
        ("{{ raise_exception('a') }}{{ strftime_now('%d') }}", set()),
        ("{% if m['role'] == 'user' or m.role in ['a', 'b'] %}{% endif %}", set()),
        ("{% if 'user' != m.role %}{% endif %}", set()),
        ("{% if m['content'] == 'user' %}{% endif %}", {"user"}),
        ("{% if {'a': 'b'}[m.content] %}{% endif %}", {"a", "b"}),
        ("{% set n = namespace(role=m.content) %}{% if n.role == 'a' %}{% endif %}", {"a"}),
        (
            "{% set n = namespace() %}{% set n.role = m.content %}{% if n.role == 'a' %}"
            "{% endif %}",
            {"a"},
        ),
        ("{% if {'role': m.content}.role == 'a' %}{% endif %}", {"role", "a"}),
        ("{% if {k: m.content}.role == 'a' %}{% endif %}", {"a"}),
        ("{% set x %}{{ 'a' }}{% endset %}{{ x == m.content }}", {"a"}),
        ("{% macro f() %}{{ 'a' }}{% endmacro %}{{ f() in m.content }}", {"a"}),
        ("{% macro f() %}{{ 'a' }}b{% endmacro %}{{ f() + 'c' }}", set()),
        (
            "{% macro f() %}a{% endmacro %}{% macro g() %}b{{ f() }}{% endmacro %}"
            "{{ g() }}{{ g() | upper == m.content }}",
            {"a", "b"},
        ),
        (
            "{% macro f() %}a{% endmacro %}{% set x %}{{ f() }}{% endset %}{{ x in m.content }}",
            {"a"},
        ),
        ("{% set f = namespace(x='st' ~ 'op') %}{{ f.x in m.content }}", {"st", "op", "stop"}),
        ("{% filter replace('a', 'b') %}{{ m.content + 'c' }}{% endfilter %}", {"a", "b", "c"}),
        ("{{ m.content['a':] or m.content.split('b')[0] }}", {"a", "b"}),
    ],
)
def test_words_that_may_meet_a_text_are_found(source: str, words: set[str]) -> None:
    """A word is left out only where it is written, names a key, or is compared with a role."""
    assert program(source, {}).looked.words == words


def test_numbers_are_found() -> None:
    """A length may be compared, a text cut."""
    source = (
        "{{ m.content[:90] if m.content | length > 80 and messages[2] }}{% if true %}{% endif %}"
    )
    assert program(source, {}).looked.numbers == {2, 80, 90}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{% if part.type == 'a' or part['kind'] in ['b', 'c'] %}{% endif %}", set()),
        ("{{ messages | selectattr('role', 'equalto', 'a') | list }}", set()),
        (
            "{{ messages | selectattr('content', 'equalto', 'a') | list }}",
            {"content", "equalto", "a"},
        ),
        (
            "{{ messages | map(attribute='content') | select('equalto', 'a') }}",
            {"equalto", "a", "content"},
        ),
        ("{% set n = namespace(type=m.content) %}{% if n.type == 'a' %}{% endif %}", {"a"}),
        ("{% if m.content.title() == 'a' or f(m, 'b').type == 'c' %}{% endif %}", {"a", "b", "c"}),
    ],
)
def test_what_a_message_does_not_have_tells_no_texts_apart(source: str, words: set[str]) -> None:
    """A message has a role and a content; other keys are compared in vain, unless made here."""
    assert program(source, {}).looked.words == words
