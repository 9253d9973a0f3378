"""The docstrings of the public surface: whole, and held against the signatures."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import textwrap
from typing import Any

import pytest

MODULES = (
    "chatadapters",
    "chatadapters.otel",
    "chatadapters.server",
    "chatadapters.templates",
    "chatadapters.testing",
    "chatadapters.testing.faults",
    "chatadapters.ui",
)


def names() -> list[Any]:
    """Give (name, value) for every public name, each once."""
    found = {}
    for module in MODULES:
        home = importlib.import_module(module)
        for name in home.__all__:
            found.setdefault(id(getattr(home, name)), (f"{module}.{name}", getattr(home, name)))
    return [
        pytest.param(value, id=name)
        for name, value in found.values()
        if inspect.isfunction(value) or inspect.isclass(value)
    ]


def methods(cls: type) -> list[tuple[str, Any]]:
    """Give the public functions that a class defines first; an override is told by its base."""
    found = []
    inherited = {name for base in cls.__mro__[1:] for name in vars(base)}
    for name, value in vars(cls).items():
        function = getattr(value, "__func__", value)
        tests = name.startswith("test_")
        if name[0] != "_" and name not in inherited and inspect.isfunction(function) and not tests:
            found.append((name, function))
    return found


def section(doc: str, title: str) -> str | None:
    found = re.search(rf"^{title}:\n((?:[ ]{{4}}.*\n?|\n)+)", doc, re.MULTILINE)
    return found[1] if found else None


def entries(doc: str, title: str) -> set[str]:
    text = textwrap.dedent(section(doc, title) or "")
    return {
        name.strip("* ")
        for line in re.findall(r"^(\*{0,2}\w[\w.*, ]*)(?: \([^)]*\))?:", text, re.MULTILINE)
        for name in line.split(",")
    }


def parameters(function: Any) -> set[str]:
    named = inspect.signature(function).parameters.values()
    private = {"self", "cls", "request"}
    return {item.name for item in named if not item.name.startswith("_")} - private


def raised(function: Any) -> set[str]:
    """Give the names of the errors that the body of a function itself raises."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    calls = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    called = [call.func for call in calls if isinstance(call, ast.Call)]
    names = [function.id for function in called if isinstance(function, ast.Name)]
    return {name for name in names if name.endswith("Error")} - {"NotImplementedError"}


#: A summary that begins so tells itself what comes back.
_TELLING = ("Give ", "Say ", "Make ", "The ", "Yield ")


def lacks(function: Any) -> list[str]:
    """Say what the docstring of a function does not tell."""
    doc = inspect.getdoc(function) or ""
    found = [f"Args: {name}" for name in sorted(parameters(function) - entries(doc, "Args"))]
    found += [f"Raises: {name}" for name in sorted(raised(function) - entries(doc, "Raises"))]
    summary = doc.partition("\n")[0]
    if not re.match(r"[A-Z`].*[.:]$", summary) and "\n\n" not in doc:
        found.append("a summary that is a sentence")
    returns = str(inspect.signature(function).return_annotation)
    gives = returns not in ("None", "Self", "<class 'inspect._empty'>")
    told = section(doc, "Returns") or section(doc, "Yields") or summary.startswith(_TELLING)
    if gives and not told:
        found.append("Returns or Yields")
    return found


@pytest.mark.parametrize("value", names())
def test_a_public_name_is_documented(value: Any) -> None:
    """It has a summary, every parameter or field, what it gives and raises, and an example."""
    doc = inspect.getdoc(value) or ""
    assert doc, "has no docstring"
    missing = [] if ">>> " in doc else ["an example"]
    if inspect.isfunction(value):
        missing += lacks(value)
    elif inspect.isclass(value):
        if dataclasses.is_dataclass(value):
            fields = {item.name for item in dataclasses.fields(value) if item.name[0] != "_"}
            told = entries(doc, "Attributes") | entries(doc, "Args")
            missing += [f"Attributes: {name}" for name in sorted(fields - told)]
        for name, method in methods(value):
            missing += [f"{name}(): {what}" for what in lacks(method)]
    assert not missing, "\n".join(missing)


def test_what_is_missing_is_found() -> None:
    """The check sees a parameter, an error, a result and a sentence that are not there."""

    def poor(message: str, *, stop: str) -> str:
        """nothing"""  # noqa: D403, D415
        raise ValueError(message, stop)

    def good(message: str, **options: Any) -> str:
        """Do something.

        Args:
            message: What to do.
            **options: How.

        Returns:
            What was done.

        Raises:
            ValueError: When it cannot be done.
        """
        raise ValueError(message, options)

    assert lacks(good) == []
    assert lacks(poor) == [
        "Args: message",
        "Args: stop",
        "Raises: ValueError",
        "a summary that is a sentence",
        "Returns or Yields",
    ]
