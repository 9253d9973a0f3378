"""Run a stranger's Jinja template the way transformers does, and within bounds.

Jinja's sandbox keeps a template from reaching Python, but bounds neither time nor memory. Here
every loop step, call, filter and joined string is paid from a budget, with all that a value holds
where it is written or compared: what costs more than any chat template needs ends in an error. A
single step stays as long as its strings are, so the bound is seconds and some hundred megabytes,
not a real-time promise.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from jinja2 import TemplateError as JinjaError
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.runtime import LoopContext, Macro, new_context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace, missing

from ._bounds import REFUSED_METHODS, check_binop, check_call
from ._budget import SOURCE_LIMIT, Counted, ExhaustedError, limited, may_have, paid, seen
from ._filters import filters, tests
from ._looked import Looked, looked_for
from ._marks import GENERATION_MARKS
from ._meter import concatenated, joined, meter, method
from ._prune import Given, prune

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from jinja2 import Template
    from jinja2.parser import Parser
    from jinja2.runtime import Context

_ADDED = ("_loop_vars", "_block_vars")
# What a loop says of itself.
_LOOP = "depth depth0 first index index0 last length nextitem previtem revindex revindex0"
_OF_LOOPS = frozenset(_LOOP.split())
_OF_DICT = frozenset(dir(dict))
_LARGE = 2**32
_LONGEST_DATE = 1000


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

    @staticmethod
    def concat(pieces: Iterable[str]) -> str:
        kept = list(pieces)
        may_have(sum(map(len, kept)))
        return paid("".join(kept))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        small = type(left) is type(right) is int and abs(left) + abs(right) < _LARGE
        if not small or operator == "**":
            check_binop(operator, left, right)
        return paid(super().call_binop(context, operator, left, right))

    def getattr(self, obj: Any, attribute: str) -> Any:
        kind = type(obj)
        if kind is dict and attribute not in _OF_DICT:
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        if kind is LoopContext and attribute in _OF_LOOPS:
            return getattr(obj, attribute)
        if kind is Namespace and attribute[:1] != "_":
            found = getattr(obj, attribute, missing)
            return self.undefined(obj=obj, name=attribute) if found is missing else found
        return super().getattr(obj, attribute)

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        if type(obj) is Macro:
            return paid(obj(*args, **_own(kwargs)))
        args = check_call(obj, args, kwargs)
        return paid(super().call(context, obj, *args, **kwargs))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return attr not in REFUSED_METHODS and super().is_safe_attribute(obj, attr, value)


def _own(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Give the keyword arguments without those that Jinja adds for itself."""
    return {name: value for name, value in kwargs.items() if name not in _ADDED} if kwargs else {}


def _raise(message: str) -> None:
    raise JinjaError(message)


def _date(now: Callable[[str], str], form: str) -> str:
    if len(form) > _LONGEST_DATE:
        raise ExhaustedError("it writes a longer date than is allowed")
    return now(form)


@cache
def _environment() -> _Environment:
    made = _Environment(
        trim_blocks=True,
        lstrip_blocks=True,
        optimized=False,
        extensions=[loopcontrols, _Generation],
    )
    own = {
        "_concat": concatenated,
        "_counted": Counted,
        "_method": method,
        "_paid": paid,
        "_seen": seen,
        "_sum": joined,
    }
    made.tests = cast("Any", tests())
    made.filters = cast("Any", filters() | own)
    made.globals.pop("lipsum", None)
    made.globals["raise_exception"] = cast("Any", _raise)
    return made


class Program(NamedTuple):
    """A template, ready to be rendered.

    Attributes:
        template: The compiled template.
        looked: What it may look for in texts.
    """

    template: Template
    looked: Looked

    def render(
        self,
        variables: Mapping[str, Any],
        now: Callable[[str], str] = lambda form: datetime.now().strftime(form),
    ) -> str:
        """Render the template.

        Args:
            variables: As many as it was made with; messages have a role and a content alone.
            now: Gives the date in a form; templates know it as `strftime_now`.

        Returns:
            The text.

        Raises:
            jinja2.TemplateError: Where the template raises or does too much.
        """
        template, environment = self.template, self.template.environment
        known = {**environment.globals, **variables, "strftime_now": partial(_date, now)}
        context = new_context(environment, template.name, template.blocks, known, shared=True)
        with limited():
            try:
                return str(environment.concat(template.root_render_func(context)))
            except JinjaError:
                raise
            except Exception as error:
                raise _strange(error) from error


def program(source: str, variables: Mapping[str, Any]) -> Program:
    """Make a template ready.

    Args:
        source: The template.
        variables: What it may use; their names count, and which of them are None.

    Returns:
        What renders it.

    Raises:
        jinja2.TemplateError: Where the template is wrong, or too long.
    """
    try:
        return _read(source, Given.of(variables, [*_environment().globals, "strftime_now"]))
    except JinjaError:
        raise
    except Exception as error:
        raise _strange(error) from error


@lru_cache(maxsize=64)
def _read(source: str, given: Given) -> Program:
    if len(source) > SOURCE_LIMIT:
        raise ExhaustedError(f"it is longer than {SOURCE_LIMIT} characters")
    environment = _environment()
    tree = environment.parse(source)
    left = prune(tree, given)
    looked = looked_for(left)
    meter(left)
    return Program(environment.from_string(tree), looked)


def _strange(error: Exception) -> JinjaError:
    """Make an error one of Jinja's: a stranger's program may raise anything."""
    return JinjaError(f"{type(error).__name__}: {error}")
