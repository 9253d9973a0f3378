"""What a Jinja template may look for in texts: the strings and numbers it does more than write.

A string that only goes into the prompt, names a key or is compared with a role cannot tell one
text from another. All others might.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jinja2 import nodes

from ._prune import LEAVES, USUAL, made_keys, nodes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

# What is written inside these is kept, and may be looked at.
_CAPTURES = (nodes.AssignBlock, nodes.CallBlock, nodes.FilterBlock)
_TOLD = {"raise_exception", "strftime_now"}


class Looked(NamedTuple):
    """What a template may look for.

    Attributes:
        words: Strings.
        numbers: Whole numbers: a length that it compares, a place where it cuts.
    """

    words: frozenset[str]
    numbers: frozenset[int]


def looked_for(everything: list[nodes.Node]) -> Looked:
    """Find what a template may look for in texts.

    Args:
        everything: The nodes of the template as Jinja parsed it, the whole of it first.

    Returns:
        The strings and numbers.
    """
    reader = _Reader(_captured(everything), made_keys(everything))
    found = set(reader.constants(everything[0], captured=False))
    numbers = frozenset(item for item in found if type(item) is int)
    return Looked(frozenset(item for item in found if isinstance(item, str)), numbers)


def _captured(found: list[nodes.Node]) -> set[str]:
    """Give the names of the macros whose text is more than written, by themselves or by others."""
    kept = {id(part) for node in found if isinstance(node, _CAPTURES) for part in nodes_of(node)}
    outputs = (node for node in found if isinstance(node, nodes.Output) and id(node) not in kept)
    parts = (part for output in outputs for whole in output.nodes for part in _computed(whole))
    written = {id(part.node) for part in parts if isinstance(part, nodes.Call)}
    captured = {
        node.name for node in found if isinstance(node, nodes.Name) and id(node) not in written
    }
    waiting = [node for node in found if isinstance(node, nodes.Macro)]
    while inside := [node for node in waiting if node.name in captured]:
        waiting = [node for node in waiting if node.name not in captured]
        captured |= {node.name for node in nodes_of(*inside) if isinstance(node, nodes.Name)}
    return captured


class _Reader:
    """Reads constants off a template.

    Args:
        captured: The macros whose text may be looked at.
        made: The keys that the template makes itself; None: any.
    """

    def __init__(self, captured: set[str], made: set[str] | None) -> None:
        self._captured = captured
        self._made = made

    def constants(self, node: nodes.Node, *, captured: bool) -> Iterator[object]:
        """Yield the constants under a node that may meet a text."""
        if isinstance(node, nodes.Const):
            yield node.value
        elif isinstance(node, nodes.TemplateData) and captured:
            yield node.data
        elif isinstance(node, (nodes.Add, nodes.Concat)):
            yield _joined(node)
        elif isinstance(node, nodes.Macro):
            captured = captured or node.name in self._captured
        captured = captured or isinstance(node, _CAPTURES)
        if type(node) in LEAVES:
            return
        for child in self._read(node, captured=captured):
            yield from self.constants(child, captured=captured)

    def _read(self, node: nodes.Node, *, captured: bool) -> Iterator[nodes.Node]:
        """Yield the nodes under a node, but for what it only writes, names or tells."""
        if isinstance(node, nodes.Output) and not captured:
            for written in node.nodes:
                yield from _computed(written)
        elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
            yield node.node
            if not isinstance(node.arg.value, str):
                yield node.arg
        elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
            yield node.node
            named = node.node.attr == "get" and bool(node.args)
            yield from [*node.args[named:], *node.kwargs]
        elif isinstance(node, nodes.Filter) and self._selects(node):
            yield node.node or node
        elif not (_tells(node) or self._is_about_a_key(node)):
            yield from node.iter_child_nodes()

    def _selects(self, node: nodes.Filter) -> bool:
        """Say whether a filter chooses messages by a key of theirs, other than their text."""
        known = node.name in {"selectattr", "rejectattr"} and all(map(_is_constant, node.args))
        key = node.args[0] if known and node.args else None
        return isinstance(key, nodes.Const) and self._is_other(key.value) and not node.kwargs

    def _is_about_a_key(self, node: nodes.Node) -> bool:
        """Say whether something of a message other than its text meets constants alone."""
        if not isinstance(node, nodes.Compare):
            return False
        sides = [node.expr, *(operand.expr for operand in node.ops)]
        others = [side for side in sides if not self._is_key(side)]
        return len(others) < len(sides) and all(map(_is_constant, others))

    def _is_key(self, node: nodes.Expr) -> bool:
        if isinstance(node, nodes.Getattr):
            return self._is_other(node.attr) and _is_plain(node.node)
        if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
            return self._is_other(node.arg.value) and _is_plain(node.node)
        return False

    def _is_other(self, key: object) -> bool:
        """Say whether a key or an attribute holds no text of a conversation."""
        known = self._made is not None and key not in self._made
        return known and (key == "role" or key not in USUAL)


def _joined(node: nodes.Node) -> str | None:
    """Give the string that is put together of constants alone."""
    if isinstance(node, nodes.Const):
        return node.value if isinstance(node.value, str) else None
    parts: list[nodes.Expr] = []
    if isinstance(node, nodes.Concat):
        parts = node.nodes
    elif isinstance(node, nodes.Add):
        parts = [node.left, node.right]
    texts = [_joined(part) for part in parts]
    return "".join(text for text in texts if text) if texts and None not in texts else None


def _computed(node: nodes.Expr) -> Iterator[nodes.Node]:
    """Yield the parts of what is written that are more than constants put together."""
    if isinstance(node, nodes.Add):
        yield from _computed(node.left)
        yield from _computed(node.right)
    elif isinstance(node, nodes.Concat):
        for part in node.nodes:
            yield from _computed(part)
    elif isinstance(node, nodes.CondExpr):
        yield node.test
        for part in filter(None, (node.expr1, node.expr2)):
            yield from _computed(part)
    elif not isinstance(node, (nodes.Const, nodes.TemplateData)):
        yield node


def _tells(node: nodes.Node) -> bool:
    """Say whether a node raises an error or asks for the date."""
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
        return node.node.name in _TOLD
    return False


def _is_plain(node: nodes.Expr) -> bool:
    """Say whether an expression holds nothing to be looked at itself: `message`, `messages[0]`."""
    if isinstance(node, nodes.Getitem):
        return isinstance(node.arg, nodes.Const) and _is_plain(node.node)
    return isinstance(node, nodes.Name)


def _is_constant(node: nodes.Expr) -> bool:
    if isinstance(node, (nodes.List, nodes.Tuple)):
        return all(map(_is_constant, node.items))
    return isinstance(node, nodes.Const)
