"""A stranger's template can neither reach Python nor take the machine."""

from __future__ import annotations

import time

import jinja2
import pytest

from chatadapters.templates._sandbox import program


def render_jinja(source: str, variables: dict[str, object]) -> str:
    return program(source, variables).render(variables)


DOUBLING = "{%% set n = namespace(x='aaaa') %%}{%% for i in range(60) %%}%s{%% endfor %%}"


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'a' * 1000000000 }}",
        "{{ 1000000000 * [1] }}",
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% for i in range(10000000) %}{% endfor %}",
        DOUBLING % "{% set n.x = n.x ~ n.x %}",
        DOUBLING % "{% set n.x = n.x + n.x %}",
        DOUBLING % "{% set n.x = [n.x, n.x] | join(n.x) %}",
        DOUBLING % "{% set y %}{{ n.x }}{{ n.x }}{% endset %}{% set n.x = y %}",
        DOUBLING % "{% set n.x = n.x.replace('a', n.x) %}",
        DOUBLING % "{% set n.x = n.x | replace('a', n.x) %}",
        DOUBLING % "{% set n.x = n.x.join(n.x) %}",
        DOUBLING % "{% set n.x = n.x + '' + n.x %}",
        "{% macro f() %}{{ caller() }}{% endmacro %}"
        + DOUBLING % "{% call(y=n.x ~ n.x) f() %}{% set n.x = y %}{% endcall %}",
        "{% set n = namespace(x='a' * 1000000) %}{{ n.x" + " + n.x" * 100 + " }}",
        "{{ 'a'.ljust(1000000000) }}",
        "{{ 'a' | _method('ljust', 1000000000) }}",
        "{{ '{:>1000000000}'.format('x') }}",
        "{{ '{:>{}}'.format('x', 1000000000) }}",
        "{{ '%1000000000s' % 'x' }}",
        "{{ '%*s' % (1000000000, 'x') }}",
        "{{ 'a' | center(1000000000) }}",
        "{{ ('a\n' * 100000) | indent(100000) }}",
        "{{ {'a': 1} | tojson(indent=1000000000) }}",
        "{{ 9 ** 9 ** 9 }}",
        "{% set n = namespace(x=7) %}{% for i in range(60) %}{% set n.x = n.x * n.x %}{% endfor %}",
        "{% macro f(n) %}{% if n %}{{ f(n - 1) ~ f(n - 1) }}{% endif %}{% endmacro %}{{ f(40) }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{{ lipsum(100000) }}",
        "{{ " + "(" * 5000 + ")" * 5000 + " }}",
        " " * (2**20 + 1),
    ],
)
def test_a_template_that_takes_too_much_is_stopped(text: str) -> None:
    """Endless loops and growing texts end in an error within seconds."""
    start = time.perf_counter()
    with pytest.raises(jinja2.TemplateError):
        render_jinja(text, {})
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ messages.append(1) }}",
        "{{ ''['__class__'] }}",
        "{{ '{0.__class__}'.format('') }}",
        "{% include '/etc/passwd' %}",
        "{{ messages | attr('__class__') }}",
        "{{ '' | _method('__class__') }}",
        "{{ '{0.__class__}' | _method('format', '') }}",
        "{{ namespace()._Namespace__attrs }}",
        "{% for x in [1] %}{{ loop._iterator }}{% endfor %}",
    ],
)
def test_python_is_out_of_reach(text: str) -> None:
    """Attributes, mutation and files that are not the template's are refused."""
    with pytest.raises(jinja2.TemplateError):
        assert render_jinja(text, {"messages": []}) == ""
        raise jinja2.TemplateError("nothing was reached")


def test_an_ordinary_template_is_far_below_the_bounds() -> None:
    """A thousand messages of ten kilobytes are no trouble."""
    messages = [{"role": "user", "content": "x" * 10_000}] * 1000
    source = "{% for m in messages %}{{ m.role ~ m.content + '!' }}{% endfor %}"
    assert len(render_jinja(source, {"messages": messages})) == 1000 * 10_005


def test_loops_still_know_their_length() -> None:
    """Counting the steps hides nothing of a loop."""
    source = (
        "{% for x in 'abc' %}{{ loop.index }}/{{ loop.length }}{{ ',' if not loop.last }}"
        "{% endfor %}"
        "{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% else %}-{% endfor %}"
        "{% for x in missing %}x{% else %}none{% endfor %}"
        "{% for x in [1, 2, 3] | select('odd') if x > 1 %}{{ x }}{% break %}{% endfor %}"
    )
    assert render_jinja(source, {}) == "1/3,2/3,3/3a1none3"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("{{ 1 + 2 + 3 }}{{ [1] + [2] + [3] }}", "6[1, 2, 3]"),
        ("{{ '<' + '&' | e + '>' }}", "&lt;&amp;&gt;"),
        ("{{ 'a' + ('b' + 'c') + 'd' }}{{ 'a' ~ (1 + 2) }}", "abcda3"),
        ("{{ x.strip('a').upper() }}{{ 'a b'.split()[1] }}", "Bb"),
        ("{{ x.split(maxsplit=1, sep='b') }}{{ x.startswith('a') }}", "['a', 'a']True"),
        ("{{ y.count }}{{ y.title }}{{ y.nothing }}", "12"),
        ("{% set n = namespace(strip=3) %}{{ n.strip }}{{ n.nothing }}", "3"),
        ("{% macro strip(x=1) %}{{ x }}{% endmacro %}{{ strip() }}{{ strip(x=2) }}", "12"),
        ("{% macro f() %}[{{ caller() }}]{% endmacro %}{% call f() %}x{% endcall %}", "[x]"),
    ],
)
def test_what_is_faster_says_what_jinja_says(text: str, written: str) -> None:
    """Sums, methods and attributes that take a shorter way have the same value."""
    variables: dict[str, object] = {"x": "aba", "y": {"count": 1, "title": 2}}
    assert jinja2.Environment().from_string(text).render(variables) == written
    assert render_jinja(text, variables) == written


def test_the_generation_tag_is_its_body() -> None:
    """Templates that mark the assistant's text for training render the same without a mark."""
    assert render_jinja("{% generation %}{{ 'a' }}b{% endgeneration %}", {}) == "ab"


def test_json_is_written_as_transformers_writes_it() -> None:
    """No HTML escaping, and characters stay as they are."""
    assert render_jinja("{{ x | tojson }}", {"x": {"a": "<é>"}}) == '{"a": "<é>"}'
