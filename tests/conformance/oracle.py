"""Jinja set up the way transformers does it: what a chat template really says."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatadapters import Message


class _Generation(Extension):
    tags = {"generation"}  # noqa: RUF012 - as jinja2 declares it

    def parse(self, parser: Any) -> Any:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _raise(message: str) -> None:
    raise jinja2.TemplateError(message)


def _now(form: str) -> str:
    return datetime.now().strftime(form)


def _to_json(value: Any, ensure_ascii: bool = False, **options: Any) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, **options)


@lru_cache(maxsize=4)
def _compiled(template: str) -> Any:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, _Generation]
    )
    environment.filters["tojson"] = _to_json
    given: dict[str, Any] = {"raise_exception": _raise, "strftime_now": _now}
    environment.globals |= given
    return environment.from_string(template)


def oracle(
    template: str, turns: Sequence[Message], bos: str, eos: str, *, generation: bool
) -> str | None:
    """Render a conversation; None where the template refuses it."""
    try:
        return str(
            _compiled(template).render(
                messages=[{"role": role, "content": content} for role, content in turns],
                tools=None,
                documents=None,
                add_generation_prompt=generation,
                bos_token=bos,
                eos_token=eos,
            )
        )
    except Exception:  # whatever a template raises is its refusal
        return None
