"""Jinja's filters and tests, each paid for; some must be refused before they do too much."""

from __future__ import annotations

import json
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from jinja2 import pass_environment
from jinja2.filters import FILTERS, do_indent, do_round, make_attrgetter
from jinja2.tests import TESTS

from ._bounds import WIDTH_LIMIT, add, check_replace
from ._budget import ExhaustedError, may_have, paid, seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Functions: TypeAlias = "dict[str, Callable[..., Any]]"
# Those that take values as they are, look at one key or choose some; and those that go through
# all that a value holds, because they write or compare it.
_LIGHT = """
    abs count d default first float int items last length list map reject rejectattr reverse select
    selectattr
"""
_DEEP = """
    capitalize dictsort e escape groupby lower max min safe sort string title trim unique upper
"""
_COMPARING = "!= < <= == > >= eq equalto ge greaterthan gt in le lessthan lower lt ne upper"
_PLACES = 300  # more digits than a number has


def filters() -> Functions:
    """Give the filters by name."""
    known = cast("Functions", FILTERS)
    made = {name: _metered(known[name]) for name in _LIGHT.split()}
    made |= {name: _metered(_deep(known[name])) for name in _DEEP.split()}
    own: Functions = {"tojson": _to_json, "replace": _replace, "indent": _indent, "round": _round}
    made |= {name: _metered(function) for name, function in own.items()}
    return {**made, "join": _join(known["join"]), "sum": _sum}


def tests() -> Functions:
    """Give the tests by name."""
    known = cast("Functions", TESTS)
    return known | {name: _deep(known[name]) for name in _COMPARING.split()}


def _metered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Pay for what a filter gives; the decorations jinja reads stay on it."""

    @wraps(function)
    def paying(*args: Any, **kwargs: Any) -> Any:
        return paid(function(*args, **kwargs))

    return paying


def _deep(function: Callable[..., Any]) -> Callable[..., Any]:
    """Pay for all that the values which a filter or a test is given hold."""

    @wraps(function)
    def looking(*args: Any, **kwargs: Any) -> Any:
        return function(*map(seen, args), **kwargs)

    return looking


def _replace(text: Any, old: Any, new: Any, count: int | None = None) -> str:
    text, old, new = (str(seen(value)) for value in (text, old, new))
    check_replace(text, old, new)
    replaced: str = text.replace(old, new, -1 if count is None else count)
    return replaced


def _join(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def join(context: Any, value: Any, d: Any = "", attribute: Any = None) -> Any:
        value = list(value)
        if attribute is None and all(type(item) is str for item in value):
            parts = sum(map(len, value))
        else:
            parts = sum(len(str(seen(item))) for item in value)
        may_have(len(value) * len(str(seen(d))) + parts)
        return paid(original(context, value, d, attribute))

    return join


def _indent(text: Any, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    size = len(width) if isinstance(width, str) else width
    may_have(len(text) + (text.count("\n") + 1) * size)
    return do_indent(text, width, first, blank)


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    if isinstance(indent, int) and indent > WIDTH_LIMIT:
        raise ExhaustedError("it indents wider than is allowed")
    seen([value])
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def _round(value: Any, precision: int = 0, method: Any = "common") -> Any:
    if abs(precision) > _PLACES:
        raise ExhaustedError("it rounds to more digits than is allowed")
    return do_round(value, precision, method)


@pass_environment
def _sum(environment: Any, values: Iterable[Any], attribute: Any = None, start: Any = 0) -> Any:
    if attribute is not None:
        values = map(make_attrgetter(environment, attribute), values)
    total = sum((), start)  # refuses what Jinja refuses
    for value in values:
        total = add(total, value)
    return total
