"""Templates as JSON: ours with a version, and the original six fields read and written."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from chatadapters._errors import TemplateError
from chatadapters._json import nested_deeper

from ._fields import check_strings
from ._jinja import JinjaLayout
from ._layout import STARCHAT_TOKENS, TOKEN_NAMES, Layout
from ._texts import Thinking

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from chatadapters._parts import Message

VERSION = 1


def to_json(system: str, messages: Iterable[Message] | None, layout: Layout | JinjaLayout) -> str:
    """Write a template; in the original format when its layout has the original shape."""
    data: dict[str, Any] = {"system": system, "messages": messages}
    if messages is not None:
        data["messages"] = [{"role": role, "content": content} for role, content in messages]
    tokens = layout.tokens()
    if tokens is not None:
        data |= zip(TOKEN_NAMES, tokens, strict=True)
    else:
        kind = "layout" if isinstance(layout, Layout) else "jinja"
        data = {"version": VERSION, **data, kind: _layout_data(layout)}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def from_json(source: str | Path) -> tuple[Any, Any, Layout | JinjaLayout]:
    """Read a template in either format.

    Args:
        source: The JSON, or its file.

    Returns:
        Its system text, messages and layout.

    Raises:
        TemplateError: If it is no template.
    """
    data = json_object(source)
    if "version" not in data:
        return _original(data)
    if data["version"] != VERSION:
        raise TemplateError(
            f"version {data['version']!r} of the template format is not known: "
            f"this release reads {VERSION}"
        )
    _refuse_unknown(data, {"version", "system", "messages", "layout", "jinja"})
    kind = JinjaLayout if "jinja" in data else Layout
    layout = _layout_from(kind, data.get("jinja", data.get("layout")))
    return data.get("system", ""), data.get("messages"), layout


def _original(data: dict[str, Any]) -> tuple[Any, Any, Layout]:
    """Read the six fields; missing ones have their defaults, others were always ignored."""
    if not data.keys() & {"system", "messages", *TOKEN_NAMES}:
        raise TemplateError(f"this JSON is no dialogue template: {str(data)[:80]}")
    defaults = zip(TOKEN_NAMES, STARCHAT_TOKENS, strict=True)
    tokens = [data.get(name, default) for name, default in defaults]
    check_strings(**dict(zip(TOKEN_NAMES, tokens, strict=True)))
    return data.get("system", ""), data.get("messages"), Layout.from_tokens(*tokens)


def json_object(source: str | Path) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        source: The JSON, or its file.

    Raises:
        TemplateError: It is none.
    """
    called = "this" if isinstance(source, str) else repr(str(source))
    try:
        text = source if isinstance(source, str) else source.read_text("utf-8")
        data = None if nested_deeper(text) else json.loads(text)
    except ValueError as error:
        raise TemplateError(f"{called} is no JSON that can be read: {error}") from None
    if not isinstance(data, dict):
        raise TemplateError(f"{called} is no JSON object, or nested too deep")
    return data


def _layout_data(layout: Layout | JinjaLayout) -> dict[str, Any]:
    values = {item.name: (getattr(layout, item.name), item.default) for item in fields(layout)}
    return {
        name: [_entry(item) for item in value] if isinstance(value, tuple) else value
        for name, (value, default) in values.items()
        if value != default
    }


def _entry(item: Any) -> Any:
    """Write one entry of a field; a rule with the names of what it says."""
    if not isinstance(item, Thinking):
        return item
    return {
        name: value
        for name, value in item._asdict().items()
        if value != Thinking._field_defaults.get(name, ...)
    }


def _layout_from(kind: type[Layout | JinjaLayout], data: object) -> Layout | JinjaLayout:
    if not isinstance(data, dict):
        raise TemplateError(f"layout must be an object, not {data!r}")
    _refuse_unknown(data, {item.name for item in fields(kind)})
    values: dict[str, Any] = {name: _tuple(value) for name, value in data.items()}
    try:
        if "thinking" in values:
            values["thinking"] = tuple(
                Thinking(**{name: _tuple(value) for name, value in rule.items()})
                for rule in values["thinking"]
            )
        return kind(**values)
    except (TypeError, AttributeError) as error:
        raise TemplateError(f"the layout is not complete: {error}") from None


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


def _refuse_unknown(data: dict[str, Any], known: set[str]) -> None:
    unknown = data.keys() - known
    if unknown:
        raise TemplateError(f"unknown fields in the template: {', '.join(sorted(unknown))}")
