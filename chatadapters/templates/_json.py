"""Templates as JSON: ours with a version, and the original six fields read and written."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from chatadapters._errors import TemplateError

from ._layout import Layout

if TYPE_CHECKING:
    from ._dialogue import DialogueTemplate

VERSION = 1
_TOKENS = ("system_token", "user_token", "assistant_token", "end_token")
_ORIGINAL = {"system", "messages", *_TOKENS}


def to_json(template: DialogueTemplate) -> str:
    """Write a template; in the original format when its layout has the original shape."""
    messages = template.messages
    shown = messages and [{"role": role, "content": content} for role, content in messages]
    data: dict[str, Any] = {"system": template.system, "messages": shown}
    tokens = template.layout.tokens()
    if tokens is not None:
        data |= zip(_TOKENS, tokens, strict=True)
    else:
        data = {"version": VERSION, **data, "layout": _layout_data(template.layout)}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def from_json(text: str) -> DialogueTemplate:
    """Read a template in either format."""
    from ._dialogue import DialogueTemplate

    data = _object(text)
    if "version" not in data and "layout" not in data:
        # The original read a file with missing keys, and files with keys of its hub mixin.
        known = {key: value for key, value in data.items() if key in _ORIGINAL}
        if not known:
            raise TemplateError(f"this JSON is no dialogue template: {text[:80]!r}")
        return DialogueTemplate(**known)
    if data.get("version") != VERSION:
        raise TemplateError(
            f"version {data.get('version')!r} of the template format is not known: "
            f"this release reads {VERSION}"
        )
    _refuse_unknown(data, {"version", "system", "messages", "layout"})
    layout = _layout_from(data.get("layout"))
    return DialogueTemplate(data.get("system", ""), data.get("messages"), layout=layout)


def _object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise TemplateError(f"this is no JSON: {error}") from None
    if not isinstance(data, dict):
        raise TemplateError(f"this JSON is no dialogue template: {text[:80]!r}")
    return data


def _layout_data(layout: Layout) -> dict[str, Any]:
    values = {item.name: (getattr(layout, item.name), item.default) for item in fields(layout)}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, (value, default) in values.items()
        if value != default
    }


def _layout_from(data: object) -> Layout:
    if not isinstance(data, dict):
        raise TemplateError(f"layout must be an object, not {data!r}")
    _refuse_unknown(data, {item.name for item in fields(Layout)})
    values: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in data.items()
    }
    try:
        return Layout(**values)
    except TypeError as error:
        raise TemplateError(f"the layout is not complete: {error}") from None


def _refuse_unknown(data: dict[str, Any], known: set[str]) -> None:
    unknown = data.keys() - known
    if unknown:
        raise TemplateError(f"unknown fields in the template: {', '.join(sorted(unknown))}")
