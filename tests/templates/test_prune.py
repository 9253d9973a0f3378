"""What is taken out of a template can never be reached, and what is left says the same."""

from __future__ import annotations

import pytest
from jinja2 import Environment, nodes

from chatadapters.templates._prune import Given, prune

VARIABLES: dict[str, object] = {"messages": [], "tools": None, "bos_token": "<s>"}


def _written(source: str, **more: object) -> set[str]:
    """Give the literal text that is left of a template."""
    tree = Environment().parse(source)
    prune(tree, Given.of(VARIABLES | more, ["dict", "namespace"]))
    return {node.data for node in tree.find_all(nodes.TemplateData)}


@pytest.mark.parametrize(
    "test",
    [
        "tools",
        "tools is not none",
        "tools and x.y",
        "not (not tools or x)",
        "never_given",
        "never_given is defined",
        "m.tool_calls",
        "m['tool_calls'] is defined and m.content",
        "m.get('tool_calls')",
        "m.role == 'tool'",
        "m['role'] in ['tool', 'function']",
        "m.type == 'image'",
        "m.type in ['image', 'video']",
        "never_given == 1",
        "false",
    ],
)
def test_what_cannot_be_is_left_out(test: str) -> None:
    """A branch whose test never holds is emptied, and its opposite loses the other one."""
    assert _written("{% if " + test + " %}a{% else %}b{% endif %}") == {"b"}
    assert _written("{% if not (" + test + ") %}b{% elif bos_token %}c{% else %}a{% endif %}") == {
        "b"
    }


@pytest.mark.parametrize(
    "test",
    [
        "bos_token",
        "tools is defined",
        "m.content",
        "m.get('role')",
        "m.items",
        "never_given is none or x",
        "m.get('tool_calls', x)",
        "m.role == 'user'",
        "m.role in ['tool', 'system']",
        "m.role in 'system message'",
        "m.role in ['tool', x]",
        "m.role != 'tool'",
        "m.content == 'tool'",
        "tools == none",
        "loop.first",
    ],
)
def test_what_might_be_stays(test: str) -> None:
    """A test that may hold keeps both branches."""
    loop = "{% for m in messages %}{% if " + test + " %}a{% else %}b{% endif %}{% endfor %}"
    assert "a" in _written(loop)


@pytest.mark.parametrize(
    "before",
    [
        "{% set tools = messages %}",
        "{% for tools in messages %}{% endfor %}",
        "{% macro tools() %}{% endmacro %}",
        "{% set tools %}x{% endset %}",
        "{% set tools, y = 1, 2 %}",
    ],
)
def test_a_variable_that_the_template_sets_may_be_anything(before: str) -> None:
    """What a name held at first says nothing then."""
    assert "a" in _written(before + "{% if tools %}a{% endif %}")


def test_a_variable_that_stays_empty_is_known() -> None:
    """Llama's templates set `tools` to none where there are none."""
    source = "{% if custom is defined %}{% set tools = custom %}{% else %}{% set tools = none %}"
    assert _written(source + "{% endif %}{% if tools %}a{% else %}b{% endif %}") == {"b"}


@pytest.mark.parametrize(
    "made",
    [
        "{% set n = namespace(tool_calls=1) %}",
        "{% set n = namespace(role='tool') %}",
        "{% set n.tool_calls = 1 %}",
        "{% set n = {'tool_calls': 1} %}",
        "{% set n = {x: 1} %}",
        "{% set n = dict([('tool_calls', 1)]) %}",
    ],
)
def test_a_key_that_the_template_makes_may_be_there(made: str) -> None:
    """An attribute is unknown only while nothing in the template gives it."""
    assert "a" in _written(made + "{% if n.tool_calls or n.role == 'tool' %}a{% endif %}")


def test_a_variable_that_holds_more_may_have_any_key() -> None:
    """A list or mapping given by the caller may bring keys of its own."""
    assert "a" in _written("{% if given.flag %}a{% endif %}", given={"flag": True})


def test_half_of_a_condition_is_left_out() -> None:
    """What stands behind a false `and`, a true `or`, or an `if` within an expression."""
    source = "{{ ['a'] if tools else ['b'] }}{{ tools and ['c'] }}{{ not tools or ['d'] }}"
    tree = Environment().parse(source)
    prune(tree, Given.of(VARIABLES, []))
    assert {node.value for node in tree.find_all(nodes.Const)} == {"b"}


def test_macros_that_nobody_calls_are_left_out() -> None:
    """Not even by themselves or by one another."""
    source = "{% macro f(x) %}a{{ f(x) }}{% endmacro %}{% macro g() %}b{{ f(1) }}{% endmacro %}c"
    assert _written(source) == {"c"}
    assert _written(source + "{{ g() }}") == {"a", "b", "c"}


def test_a_loop_over_nothing_is_emptied_but_for_its_else() -> None:
    """It may raise, or go to its else."""
    assert _written("{% for t in tools %}a{% else %}b{% endfor %}") == {"b"}
