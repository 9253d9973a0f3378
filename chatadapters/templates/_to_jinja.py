"""Write a layout as a Jinja chat template, for tokenizers and servers that take one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatadapters._errors import TemplateError

if TYPE_CHECKING:
    from ._layout import Layout


def to_jinja(layout: Layout, system: str) -> str:
    """Write the Jinja chat template that gives a layout's prompts.

    Args:
        layout: The layout.
        system: The system text used when the messages bring none.

    Returns:
        The template.

    Raises:
        TemplateError: If the layout has rules that were read out of another Jinja template.
    """
    for name in ("between", "strip", "thinking", "dates"):
        if getattr(layout, name):
            raise TemplateError(
                f"a layout with {name!r} is not written as Jinja: "
                "use the Jinja chat template that the model came with"
            )
    parts = [_opening(system, trim="system" in layout.trim)]
    if layout.bos:
        parts.append("{{- bos_token -}}")
    parts += [_text(layout.begin), *_system(layout), *_turns(layout)]
    parts.append(
        f"{{%- if add_generation_prompt -%}}{_text(layout.generation_prompt)}{{%- endif -%}}"
    )
    return "\n".join(part for part in parts if part)


def _opening(own: str, *, trim: bool) -> str:
    trimmed = " | trim" if trim else ""
    return (
        "{%- if messages and messages[0]['role'] == 'system' -%}\n"
        f"{{%- set system = messages[0]['content']{trimmed} -%}}\n"
        "{%- set turns = messages[1:] -%}\n"
        "{%- else -%}\n"
        f"{{%- set system = {_literal(own)}{trimmed} -%}}\n"
        "{%- set turns = messages -%}\n"
        "{%- endif -%}"
    )


def _system(layout: Layout) -> list[str]:
    """Write where the system text goes, or which turn it is put into."""
    if layout.system_place == "block":
        return [_system_text(layout)]
    if layout.system_place == "refuse":
        return [f"{{%- if system -%}}{_raise('System role not supported')}{{%- endif -%}}"]
    if layout.system_place == "ignore":
        return []
    first = " and place.at < 0" if layout.system_place == "first_user" else ""
    return [
        "{%- set place = namespace(at=-1) -%}",
        "{%- for message in turns -%}",
        f"{{%- if message['role'] == 'user'{first} -%}}",
        "{%- set place.at = loop.index0 -%}",
        "{%- endif -%}",
        "{%- endfor -%}",
    ]


def _turns(layout: Layout) -> list[str]:
    merges = layout.system_place in {"first_user", "last_user"}
    inner = (
        f"{{%- if loop.index0 == place.at -%}}{_system_text(layout)}{{%- endif -%}}"
        if merges
        else ""
    )
    before = _text(layout.user[0])
    if layout.first_user is not None:
        before = (
            f"{{%- if loop.first -%}}{_text(layout.first_user)}{{%- else -%}}{before}"
            "{%- endif -%}"
        )
    lines = [
        "{%- for message in turns -%}",
        "{%- if message['role'] == 'user' -%}",
        before + inner + _content(layout, "user") + _text(layout.user[1]),
        "{%- elif message['role'] == 'assistant' -%}",
        _text(layout.assistant[0]) + _content(layout, "assistant") + _text(layout.assistant[1]),
    ]
    if layout.later_system is not None:
        around = layout.later_system
        lines += [
            "{%- elif message['role'] == 'system' -%}",
            _text(around[0]) + _content(layout, "system") + _text(around[1]),
        ]
    return [
        *lines,
        "{%- else -%}",
        _raise("Only the roles system, user and assistant are supported, system first"),
        "{%- endif -%}",
        "{%- endfor -%}",
    ]


def _system_text(layout: Layout) -> str:
    before, after = layout.system
    given = f"{_text(before)}{{{{- system -}}}}{_text(after)}"
    otherwise = f"{{%- else -%}}{_text(layout.no_system)}" if layout.no_system else ""
    return f"{{%- if system -%}}{given}{otherwise}{{%- endif -%}}"


def _content(layout: Layout, role: str) -> str:
    trimmed = " | trim" if role in layout.trim else ""
    return f"{{{{- message['content']{trimmed} -}}}}"


def _raise(problem: str) -> str:
    return f"{{{{- raise_exception({_literal(problem)}) -}}}}"


def _text(text: str) -> str:
    return f"{{{{- {_literal(text)} -}}}}" if text else ""


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"
