"""Put what pays, and what is faster than Jinja's sandbox, into a template's tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from jinja2 import nodes, pass_context

from ._budget import add, may_have, paid
from ._prune import LEAVES

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2.runtime import Context

# Methods of a string whose result is no longer than itself: neither guarded nor refused.
_HARMLESS = """
    capitalize count endswith find index isalpha isdigit isspace lower lstrip partition rfind
    rindex rpartition rsplit rstrip split splitlines startswith strip title upper
"""
_PLAIN_METHODS = frozenset(_HARMLESS.split())


def meter(found: list[nodes.Node]) -> None:
    """Let loops, sums, joined strings and methods of strings go through the functions below.

    Args:
        found: The nodes of a template, each before its parts; changed in place.
    """
    for node in reversed(found):
        for name, value in () if type(node) in LEAVES else vars(node).items():
            if type(value) is list:
                value[:] = map(_metered, value)
            elif type(value) in _METERED and name != "call":  # `{% call %}` takes nothing else
                setattr(node, name, _metered(value))
        if isinstance(node, nodes.For):
            node.iter = _call("_counted", cast("nodes.Expr", node.iter))


def _metered(value: Any) -> Any:
    put = _METERED.get(type(value))
    return put(value) if put else value


def _joined(node: nodes.Concat) -> nodes.Expr:
    return _call("_paid", node)


def _sum(node: nodes.Add) -> nodes.Expr:
    if isinstance(node.left, nodes.Filter) and node.left.name == "_sum":
        node.left.args.append(node.right)
        return node.left
    return _call("_sum", node.left, node.right)


def _method(node: nodes.Call) -> nodes.Expr:
    called = node.node
    if not isinstance(called, nodes.Getattr) or called.attr not in _PLAIN_METHODS:
        return node
    made: Any = _call("_method", called.node, nodes.Const(called.attr), *node.args)
    made.kwargs, made.dyn_args, made.dyn_kwargs = node.kwargs, node.dyn_args, node.dyn_kwargs
    return cast("nodes.Expr", made)


_METERED: dict[type, Callable[[Any], nodes.Expr]] = {
    nodes.Concat: _joined,
    nodes.Add: _sum,
    nodes.Call: _method,
}


def _call(name: str, first: nodes.Expr, *more: nodes.Expr) -> nodes.Filter:
    made = nodes.Filter(first, name, [*more], [], None, None, lineno=first.lineno)
    made.environment = first.environment
    return made


def joined(*parts: Any) -> Any:
    """Add values up from the left; strings, which they nearly always are, in one go."""
    if all(type(part) is str for part in parts):
        may_have(sum(map(len, parts)))
        return paid("".join(parts))
    total, *more = parts
    for part in more:
        total = add(total, part)
    return total


@pass_context
def method(context: Context, text: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    """Call a method of a string that needs no guard, anything else as the sandbox does."""
    if type(text) is str and name in _PLAIN_METHODS:
        return paid(getattr(text, name)(*args, **kwargs))
    environment: Any = context.environment
    return environment.call(context, environment.getattr(text, name), *args, **kwargs)
