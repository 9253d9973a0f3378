"""A stranger's template can neither reach Python nor take the machine."""

from __future__ import annotations

import time

import jinja2
import pytest

from chatadapters.templates import DialogueTemplate, JinjaLayout
from chatadapters.templates._sandbox import program


def render_jinja(source: str, variables: dict[str, object]) -> str:
    return program(source, variables).render(variables)


DOUBLING = "{%% set n = namespace(x='aaaa') %%}{%% for i in range(60) %%}%s{%% endfor %%}"
BIG = "{{ (['x' * 1000000] * 100000) %s }}"
NESTED = (
    "{%% set n = namespace(x=[1], y=[1], t=(1,)) %%}{%% for i in range(60) %%}"
    "{%% set n.x = [n.x, n.x] %%}{%% set n.y = [n.y, n.y] %%}{%% set n.t = (n.t, n.t) %%}"
    "{%% endfor %%}%s"
)


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
        "{{ 1 | round(100000000, 'ceil') }}",
        "{{ ('a' * 1000000).translate({97: 'b' * 1000000}) }}",
        "{{ 'a'.encode() * 6000000000 }}",
        "{{ (1).to_bytes(6000000000, 'big') }}",
        "{{ ('%(a)s' * 100000) % {'a': 'x' * 1000000} }}",
        "{{ ('%999d' * 3000000) % 1 }}",
        "{{ ('{0}' * 100000).format('x' * 1000000) }}",
        "{{ ('{a:>999}' * 3000000).format(a=1) }}",
        "{{ (':' * 1000000).format() ~ missing.x }}",
        "{{ ('\\t' * 3000000).expandtabs(1000) }}",
        "{{ ('x' * 1000000).join(range(100000) | map('string')) }}",
        "{{ strftime_now('%999999d' * 100000) }}",
        "{{ 'a' * 30000000" + " ~ 'a' * 30000000" * 20 + " }}",
        "{{ ([[0]] * 1000000) | sum(start=[]) | length }}",
        "{{ ([1] * 30000000) | unique | list | length }}",
        *(BIG % use for use in ("", "| string", "| tojson", "| upper", "~ ''", "| join")),
        *(
            NESTED % use
            for use in ("{{ n.x }}", "{{ n.x | tojson }}", "{{ n }}", "{{ n.x == n.y }}")
        ),
        *(NESTED % use for use in ("{{ {}[n.t] }}", "{{ {n.t: 1} }}", "{{ {}.get(n.t) }}")),
        *(
            NESTED % use
            for use in ("{{ n.x in [n.y] }}", "{{ [n.y].index(n.x) }}", "{{ [n.x, n.y] | sort }}")
        ),
        *(
            NESTED % use
            for use in ("{{ n.x is eq(n.y) }}", "{{ 1 != n.x == n.y }}", "{{ {1: n.x}.values() }}")
        ),
        "{{ " + "(" * 5000 + ")" * 5000 + " }}",
        " " * (2**20 + 1),
    ],
)
def test_a_template_that_takes_too_much_is_stopped(text: str) -> None:
    """Endless loops and growing texts end in an error within seconds."""
    start = time.thread_time()
    with pytest.raises(jinja2.TemplateError):
        render_jinja(text, {})
    assert time.thread_time() - start < 20


@pytest.mark.parametrize("slow", ["b[1:]", "'b' in b", "b.count('b')"])
def test_a_template_that_takes_too_long_is_stopped(
    slow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps that are long themselves end at a time, even where there are few of them."""
    monkeypatch.setattr("chatadapters.templates._budget.SECONDS_LIMIT", 0.3)
    long = (
        "{%% set b = 'a' * 10000000 %%}{%% for i in range(9999) %%}{%% set x = %s %%}{%% endfor %%}"
    )
    with pytest.raises(jinja2.TemplateError, match="longer than is allowed"):
        render_jinja(long % slow, {})


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


def test_a_template_that_is_slow_again_and_again_is_not_compared_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that takes its time for each conversation is rendered each time, and loads at all."""
    monkeypatch.setattr("chatadapters.templates._answers._SECONDS", 0.3)
    slow = "{% set b = 'a' * 5000000 %}{% for i in range(50) %}{% set x = b[1:] %}{% endfor %}"
    turns = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}<|assistant|>"
    template = DialogueTemplate.from_jinja(turns + slow)
    assert isinstance(template.layout, JinjaLayout)
    assert template.get_inference_prompt("Hi") == "<|user|>Hi<|end|><|assistant|>"


def test_values_that_hold_others_are_written_as_ever() -> None:
    """What is looked at before it is written comes out as Jinja writes it."""
    text = (
        "{{ x }}{{ x ~ 1 }}{{ x | join(', ') }}{{ x | string }}{{ {'a': [1.5, none]} }}"
        "{{ 'a' in x }}{{ x == ['a', [2]] }}{{ {'k': 3}[k] }}{{ '%s-%s' % ('a', x) }}"
        "{{ '{} {b}'.format(x, b=2) }}{{ ', '.join(x | map('string')) }}{{ 2.55 | round(1) }}"
        "{{ [[1], [2]] | sum(start=[]) }}{{ [{'n': 1}, {'n': 2}] | sum(attribute='n') }}"
        "{{ missing }}{{ missing ~ 1 }}{{ 1 < 2 < k | length + 3 }}{{ 'a\tb'.expandtabs(4) }}"
    )
    variables: dict[str, object] = {"x": ["a", [2]], "k": "k"}
    assert render_jinja(text, variables) == jinja2.Environment().from_string(text).render(variables)


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
