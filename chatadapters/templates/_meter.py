"""Put what pays, and what is faster than Jinja's sandbox, into a template's tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from jinja2 import nodes, pass_context

from ._bounds import add
from ._budget import may_have, paid, seen
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

    So does what is written, compared, or looked up, as far as it can hold more than a text.

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
        elif type(node) in _LOOKING:
            _LOOKING[type(node)](node)


def _metered(value: Any) -> Any:
    put = _METERED.get(type(value))
    return put(value) if put else value


def _concat(node: nodes.Concat) -> nodes.Expr:
    return _call("_concat", *node.nodes)


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
    nodes.Concat: _concat,
    nodes.Add: _sum,
    nodes.Call: _method,
}


def _output(node: nodes.Output) -> None:
    node.nodes[:] = [_seen(part) for part in node.nodes]


def _compare(node: nodes.Compare) -> None:
    if not all(isinstance(operand.expr, nodes.Const) for operand in node.ops):
        node.expr = _seen(node.expr)
    if len(node.ops) > 1:  # each but the last is the left side of another one
        for operand in node.ops:
            operand.expr = _seen(operand.expr)


def _getitem(node: nodes.Getitem) -> None:
    node.arg = _seen(node.arg)


def _pair(node: nodes.Pair) -> None:
    node.key = _seen(node.key)


_LOOKING: dict[type, Callable[[Any], None]] = {
    nodes.Output: _output,
    nodes.Compare: _compare,
    nodes.Getitem: _getitem,
    nodes.Pair: _pair,
}


def _seen(node: nodes.Expr) -> nodes.Expr:
    if isinstance(node, (nodes.Const, nodes.TemplateData, nodes.Slice)):
        return node
    if isinstance(node, nodes.Filter) and node.name == "_concat":
        return node
    return _call("_seen", node)


def _call(name: str, first: nodes.Expr, *more: nodes.Expr) -> nodes.Filter:
    made = nodes.Filter(first, name, [*more], [], None, None, lineno=first.lineno)
    made.environment = first.environment
    return made


def concatenated(*parts: Any) -> str:
    """Write values one after another."""
    texts = [part if type(part) is str else str(seen(part)) for part in parts]
    may_have(sum(map(len, texts)))
    return paid("".join(texts))


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
