"""Run a stranger's Jinja template the way transformers does, and within bounds.

Jinja's sandbox keeps a template from reaching Python, but bounds neither time nor memory. Here
every loop step, call, filter and joined string is paid from a budget: what costs more than any
chat template needs ends in an error. A single step stays as long as its strings are, so the
bound is seconds and some hundred megabytes, not a real-time promise.
"""

from __future__ import annotations

import json
import re
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from jinja2 import TemplateError as JinjaError
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sized

    from jinja2.parser import Parser
    from jinja2.runtime import Context

T = TypeVar("T")
SOURCE_LIMIT = 2**20
TEXT_LIMIT = 2**25
STEP_LIMIT = 300_000
WORK_LIMIT = 2**29
_WIDTH_LIMIT = 1000
_BITS_LIMIT = 4096
_FILTERS = """
    abs capitalize count d default dictsort e escape first float groupby int items join last
    length list lower map max min reject rejectattr replace reverse round safe select selectattr
    sort string sum title trim unique upper
"""
_PADDING = {"ljust", "rjust", "center", "zfill", "expandtabs"}
_WIDE = re.compile(r"\d{4,}|%[^a-zA-Z%]*\*|:[^}]*\{")


# Variables that a template writes around the assistant's text.
GENERATION_MARKS = ("_generation_opens", "_generation_closes")


class ExhaustedError(JinjaError):
    """The template does more than a chat template needs."""


class _Budget:
    def __init__(self) -> None:
        self.steps = STEP_LIMIT
        self.work = WORK_LIMIT

    def spend(self, value: object = "") -> None:
        sized = type(value) is str or isinstance(value, (str, list, tuple, dict))
        size = len(cast("Sized", value)) if sized else 1
        self.steps -= 1
        self.work -= size
        if size > TEXT_LIMIT or self.steps < 0 or self.work < 0:
            raise ExhaustedError("it takes more steps or makes longer text than is allowed")


_budget: ContextVar[_Budget] = ContextVar("_budget")


def _paid(value: T) -> T:
    _budget.get().spend(value)
    return value


def _may_have(length: int) -> None:
    if length > TEXT_LIMIT:
        raise ExhaustedError("it makes longer text than is allowed")


class _Counted:
    """What a loop runs over; every step is paid."""

    def __init__(self, items: Any) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Any]:
        budget = _budget.get()
        for item in self._items:
            budget.spend()
            yield item

    def __len__(self) -> int:
        return len(self._items)


class _Meter(NodeTransformer):
    """Puts the paying filters around loops and joined strings."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - the visitor's own name
        self.generic_visit(node)
        node.iter = _filter(cast("nodes.Expr", node.iter), "_counted")
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filter(node, "_paid")


def _filter(node: nodes.Expr, name: str) -> nodes.Filter:
    made = nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)
    made.environment = node.environment
    return made


class _Generation(Extension):
    """`{% generation %}`, which transformers uses to mark the assistant's text: its body.

    Around it stand two variables, which are empty unless the marks are asked for.
    """

    tags = {"generation"}  # noqa: RUF012 - the extension's own declaration

    def parse(self, parser: Parser) -> list[nodes.Node]:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        opens, closes = (
            nodes.Output([nodes.Name(name, "load")], lineno=line) for name in GENERATION_MARKS
        )
        return [opens, *body, closes]


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"*", "+", "%", "**"})

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        _Meter().visit(tree)
        return tree

    @staticmethod
    def concat(pieces: Iterable[str]) -> str:
        kept = list(pieces)
        _may_have(sum(map(len, kept)))
        return _paid("".join(kept))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "+" and type(left) is type(right) is str:
            return _paid(left + right)
        sizes = [len(v) for v in (left, right) if isinstance(v, (str, list, tuple))]
        numbers = [v for v in (left, right) if isinstance(v, int)]
        if operator == "*" and sizes and numbers:
            _may_have(sizes[0] * max(numbers))
        if operator == "**" or any(n.bit_length() > _BITS_LIMIT for n in numbers):
            raise ExhaustedError("it calculates with larger numbers than is allowed")
        if operator == "%" and isinstance(left, str) and _WIDE.search(left):
            raise ExhaustedError("it formats wider than is allowed")
        return _paid(super().call_binop(context, operator, left, right))

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        _check_call(obj, args)
        return _paid(super().call(context, obj, *args, **kwargs))


def _check_call(obj: Any, args: tuple[Any, ...]) -> None:
    """Refuse the string methods whose result can be far longer than what they are given."""
    name = getattr(obj, "__name__", "")
    text = getattr(getattr(obj, "__wrapped__", obj), "__self__", None)
    if not isinstance(text, str):
        return
    if name in _PADDING and any(isinstance(a, int) and a > _WIDTH_LIMIT for a in args):
        raise ExhaustedError("it pads wider than is allowed")
    if name in {"format", "format_map"} and _WIDE.search(text):
        raise ExhaustedError("it formats wider than is allowed")
    if name == "replace":
        _check_replace(text, *args)
    if name == "join" and args and isinstance(args[0], (str, list, tuple)):
        _may_have(len(text) * len(args[0]))


def _check_replace(text: str, old: Any = "", new: Any = "", *_: Any) -> None:
    if isinstance(old, str) and isinstance(new, str):
        _may_have(len(text) + (text.count(old) if old else len(text) + 1) * len(new))


def _metered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Pay for what a filter gives; the decorations jinja reads stay on it."""

    @wraps(function)
    def paying(*args: Any, **kwargs: Any) -> Any:
        return _paid(function(*args, **kwargs))

    return paying


def _replace_filter(text: Any, old: Any, new: Any, count: int | None = None) -> str:
    text, old, new = str(text), str(old), str(new)
    _check_replace(text, old, new)
    replaced: str = text.replace(old, new, -1 if count is None else count)
    return replaced


def _join_filter(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def join(context: Any, value: Any, d: str = "", attribute: Any = None) -> Any:
        value = list(value)
        _may_have(len(value) * len(str(d)) + sum(len(v) for v in value if isinstance(v, str)))
        return _paid(original(context, value, d, attribute))

    return join


def _indent_filter(
    text: str, width: int | str = 4, first: bool = False, blank: bool = False
) -> str:
    from jinja2.filters import do_indent

    size = len(width) if isinstance(width, str) else width
    _may_have(len(text) + (text.count("\n") + 1) * size)
    return do_indent(text, width, first, blank)


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    if isinstance(indent, int) and indent > _WIDTH_LIMIT:
        raise ExhaustedError("it indents wider than is allowed")
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def _raise(message: str) -> None:
    raise JinjaError(message)


def _environment() -> _Environment:
    made = _Environment(
        trim_blocks=True,
        lstrip_blocks=True,
        optimized=False,
        extensions=[loopcontrols, _Generation],
    )
    known = made.filters
    made.filters = {name: _metered(known[name]) for name in _FILTERS.split()}
    made.filters |= {
        "_counted": _Counted,
        "_paid": _paid,
        "tojson": _metered(_to_json),
        "replace": _metered(_replace_filter),
        "join": _join_filter(known["join"]),
        "indent": _metered(_indent_filter),
    }
    made.globals.pop("lipsum", None)
    made.globals["raise_exception"] = cast("Any", _raise)
    return made


@lru_cache(maxsize=64)
def _compiled(source: str) -> Any:
    if len(source) > SOURCE_LIMIT:
        raise ExhaustedError(f"it is longer than {SOURCE_LIMIT} characters")
    return _environment().from_string(source)


def literals(source: str) -> set[str]:
    """Give the string literals of a template, which it may look for in texts.

    Args:
        source: The template.

    Returns:
        The strings.
    """
    return {
        raw[1:-1].encode("ascii", "backslashreplace").decode("unicode-escape")
        for _, kind, raw in _environment().lex(source)
        if kind == "string"
    }


def render_jinja(
    source: str,
    variables: Mapping[str, Any],
    now: Callable[[str], str] = lambda form: datetime.now().strftime(form),
) -> str:
    """Render a template.

    Args:
        source: The template.
        variables: What it may use.
        now: Gives the date in a form; templates know it as `strftime_now`.

    Returns:
        The text.

    Raises:
        jinja2.TemplateError: Where the template raises, is wrong, or does too much.
    """
    token = _budget.set(_Budget())
    try:
        template = _compiled(source)
        return str(template.render({**variables, "strftime_now": now}))
    except JinjaError:
        raise
    except Exception as error:  # a template is a stranger's program: it may raise anything
        raise JinjaError(f"{type(error).__name__}: {error}") from error
    finally:
        _budget.reset(token)
