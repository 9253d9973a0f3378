"""Take out of a Jinja template what cannot be reached: most of it is about tools nobody gives.

A branch is emptied only where its test can never hold, and the test stays: it may still raise.
What is known is which variables there are, and that messages have a role and a content alone.
"""

from __future__ import annotations

from types import BuiltinFunctionType, FunctionType
from typing import TYPE_CHECKING, NamedTuple

from jinja2 import nodes
from jinja2.runtime import LoopContext, Macro, Undefined
from jinja2.utils import Cycler, Joiner, Namespace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_TYPES = (str, dict, list, tuple, int, float, bool, range, FunctionType, BuiltinFunctionType)
_RUNTIME = (LoopContext, Macro, Undefined, Cycler, Joiner, Namespace)
_OF_OBJECTS = {"items", "pos", "sep", "used", "name", "arguments", "caller", "grouper", "list"}
_OF_MESSAGES = {"role", "content"}
_ROLES = {"system", "user", "assistant"}
# What anything in a template may have as an attribute or a key.
_NAMES = {name for kind in (*_TYPES, *_RUNTIME) for name in dir(kind)}
USUAL = _NAMES | _OF_OBJECTS | _OF_MESSAGES
LEAVES = {nodes.Name, nodes.Const, nodes.TemplateData}
# Names that Jinja itself gives a value.
_OWN = {"caller", "kwargs", "loop", "self", "super", "varargs"}


class Given(NamedTuple):
    """What is known of the variables of a template.

    Attributes:
        names: All names.
        none: The names of those that are None.
        flat: Whether none but the messages holds anything that has keys.
    """

    names: frozenset[str]
    none: frozenset[str]
    flat: bool

    @classmethod
    def of(cls, variables: Mapping[str, object], functions: Iterable[str]) -> Given:
        """See what is known of variables; functions are there as well."""
        none = frozenset(name for name, value in variables.items() if value is None)
        plain = (str, int, float, type(None))
        others = (value for name, value in variables.items() if name != "messages")
        flat = all(isinstance(value, plain) for value in others)
        return cls(frozenset((*variables, *functions)), none, flat)


def prune(tree: nodes.Template, given: Given) -> list[nodes.Node]:
    """Empty the branches of a template that are never entered, and leave out idle macros.

    Args:
        tree: The template as Jinja parsed it; changed in place.
        given: Its variables.

    Returns:
        The nodes that are left.
    """
    known = _Known(nodes_of(tree), given)
    left = nodes_of(tree, first=known.shorten)
    if any(isinstance(node, nodes.Macro) for node in left):
        _leave_out_idle_macros(tree, left)
        left = nodes_of(tree)
    return left


def nodes_of(
    *roots: nodes.Node,
    into_macros: bool = True,
    first: Callable[[nodes.Node], None] | None = None,
) -> list[nodes.Node]:
    """Give every node of trees, these too; many times faster than Jinja's `find_all`.

    Args:
        roots: The trees.
        into_macros: Whether what stands in macros is given too.
        first: Called with each node before its parts are looked at.
    """
    found = list(roots)
    for node in found:  # grows meanwhile
        if first is not None:
            first(node)
        if type(node) in LEAVES or (not into_macros and isinstance(node, nodes.Macro)):
            continue
        for value in vars(node).values():
            if isinstance(value, nodes.Node):
                found.append(value)
            elif type(value) is list:
                found += [item for item in value if isinstance(item, nodes.Node)]
    return found


def made_keys(found: list[nodes.Node]) -> set[str] | None:
    """Give the keys and attributes that a template makes itself; None: it may be any."""
    made: set[str] = set()
    for node in found:
        match node:
            case nodes.Keyword(key=key) | nodes.NSRef(attr=key):
                made.add(str(key))
            case nodes.Pair(key=nodes.Const(value=key)):
                made.add(str(key))
            case nodes.Pair() | nodes.Call(node=nodes.Getattr(attr="fromkeys")):
                return None
            case nodes.Call(node=nodes.Name(name="dict" | "namespace"), args=[_, *_]):
                return None
    return made


class _Known:
    """What is certain about expressions of a template."""

    def __init__(self, found: list[nodes.Node], given: Given) -> None:
        names = [node for node in found if isinstance(node, nodes.Name) and node.ctx != "load"]
        assigned = [node for node in found if isinstance(node, nodes.Assign)]
        macros = {node.name for node in found if isinstance(node, nodes.Macro)}
        self._stored = {node.name for node in names} | macros | _OWN
        self._given = given
        self._made = made_keys(found) if given.flat else None
        # Those that get their value from plain assignments alone, until one may be true.
        plain = [node.target for node in assigned if isinstance(node.target, nodes.Name)]
        others = {node.name for node in names if not any(node is target for target in plain)}
        known = {target.name for target in plain} - others - macros - _OWN
        self._falsy = known - (given.names - given.none)
        while not all(map(self._stays_falsy, assigned)):
            pass

    def shorten(self, node: nodes.Node) -> None:
        """Put what is known about a node's tests into it."""
        match node:
            case nodes.Name() | nodes.Const() | nodes.TemplateData() | nodes.Output():
                pass
            case nodes.If():
                if self.never(node.test):
                    node.body = []
                for number, branch in enumerate([node, *node.elif_]):
                    if self.always(branch.test):
                        node.elif_, node.else_ = node.elif_[:number], []
                        break
            case nodes.For() if self.never(node.iter):
                node.body = []
            case nodes.And() if self.never(node.left):
                node.right = node.left
            case nodes.Or() if self.always(node.left):
                node.right = node.left
            case nodes.CondExpr():
                if self.never(node.test):
                    node.expr1 = node.test
                elif self.always(node.test):
                    node.expr2 = None

    def _stays_falsy(self, node: nodes.Assign) -> bool:
        """Give up a name that may become true; False if there was one."""
        target = node.target
        if not isinstance(target, nodes.Name) or target.name not in self._falsy:
            return True
        if not self.never(node.node):
            self._falsy.remove(target.name)
        return target.name in self._falsy

    def never(self, node: nodes.Node) -> bool:
        """Say that an expression is never true; it may raise."""
        match node:
            case nodes.Const():
                known = not node.value
            case nodes.Name():
                known = node.name in self._falsy or self._is_falsy_variable(node.name)
            case nodes.Not():
                known = self.always(node.node)
            case nodes.And():
                known = self.never(node.left) or self.never(node.right)
            case nodes.Or():
                known = self.never(node.left) and self.never(node.right)
            case nodes.Test(name="defined"):
                known = self._is_undefined(node.node)
            case nodes.Getattr() | nodes.Getitem():
                known = self._is_undefined(node)
            case nodes.Compare(ops=[nodes.Operand(op="eq" | "in") as compared]):
                known = self._differs(node.expr, compared)
            case nodes.Call(node=nodes.Getattr(attr="get"), args=[nodes.Const(value=key)]):
                known = self._is_absent(key)
            case _:
                known = False
        return known

    def always(self, node: nodes.Node) -> bool:
        """Say that an expression is always true; it may raise."""
        match node:
            case nodes.Const():
                known = bool(node.value)
            case nodes.Not():
                known = self.never(node.node)
            case nodes.And():
                known = self.always(node.left) and self.always(node.right)
            case nodes.Or():
                known = self.always(node.left) or self.always(node.right)
            case nodes.Compare(ops=[nodes.Operand(op="ne" | "notin") as compared]):
                known = self._differs(node.expr, compared)
            case nodes.Test(name="undefined"):
                known = self._is_undefined(node.node)
            case nodes.Test(name="none", node=nodes.Name(name=name)):
                known = name in self._given.none and name not in self._stored
            case _:
                known = False
        return known

    def _is_falsy_variable(self, name: str) -> bool:
        known = name not in self._given.names or name in self._given.none
        return known and name not in self._stored

    def _is_undefined(self, node: nodes.Node) -> bool:
        match node:
            case nodes.Name():
                return node.name not in self._given.names and node.name not in self._stored
            case nodes.Getattr():
                return self._is_absent(node.attr)
            case nodes.Getitem(arg=nodes.Const(value=key)):
                return self._is_absent(key)
        return False

    def _differs(self, node: nodes.Node, compared: nodes.Operand) -> bool:
        """Say that an expression is never a constant, or one of a list of constants."""
        match compared:
            case nodes.Operand(op="eq" | "ne", expr=nodes.Const(value=value)):
                values = [value]
            case nodes.Operand(op="in" | "notin", expr=(nodes.List() | nodes.Tuple()) as listed):
                items = listed.items
                values = [item.value for item in items if isinstance(item, nodes.Const)]
                if len(values) < len(items):
                    return False
            case _:
                return False
        if self._is_role(node):
            return _ROLES.isdisjoint(value for value in values if isinstance(value, str))
        return self._is_undefined(node)

    def _is_role(self, node: nodes.Node) -> bool:
        """Say that an expression is the role of a message, or undefined."""
        match node:
            case nodes.Getattr(attr="role") | nodes.Getitem(arg=nodes.Const(value="role")):
                return self._made is not None and "role" not in self._made
        return False

    def _is_absent(self, key: object) -> bool:
        """Say that nothing has such a key or attribute."""
        if self._made is None or not isinstance(key, str):
            return False
        return key not in self._made and key not in USUAL


def _leave_out_idle_macros(tree: nodes.Template, found: list[nodes.Node]) -> None:
    """Take out the macros that nothing calls but themselves and one another."""
    reached = nodes_of(tree, into_macros=False)
    idle: list[nodes.Macro] = []
    while reached:
        idle += [node for node in reached if isinstance(node, nodes.Macro)]
        names = {node.name for node in reached if isinstance(node, nodes.Name)}
        called = [macro for macro in idle if macro.name in names]
        idle = [macro for macro in idle if macro.name not in names]
        inside = (part for macro in called for part in macro.iter_child_nodes())
        reached = nodes_of(*inside, into_macros=False)
    for node in found if idle else ():
        for name in ("body", "else_"):
            kept = getattr(node, name, None)
            if isinstance(kept, list):
                kept[:] = [item for item in kept if not any(item is macro for macro in idle)]
