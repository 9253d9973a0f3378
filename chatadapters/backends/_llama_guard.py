"""Keeps the texts of a chat from forging a turn where llama.cpp writes the prompt itself."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._content import text_of
from .._errors import TemplateError
from .._parts import Message, ToolCallPart, ToolResultPart
from .._weights import EMBEDDED
from ..templates._guard import Guard

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .._parts import Content
    from ..templates import Escape

_TOOLS = (ToolCallPart, ToolResultPart)
_READ = ("id", "name", "arguments", "text")


def harmless(conversation: Sequence[Message], model: str, escape: Escape) -> list[Message]:
    """Give a conversation without the control tokens of a model.

    llama.cpp reads a control token wherever it stands in the prompt, also in what a user said, in
    the arguments of a tool's call and in its result.

    Args:
        conversation: Messages of text, tool calls and results.
        model: As `find_weights` takes it; a file that cannot be read has no tokens.
        escape: What happens to what is found, as in `Guard.clean`.

    Raises:
        InjectionError: A text has a control token, and `escape` is `"error"`.
        UnsupportedContentError: A message has another part.
    """
    pieces = [(message.role, text) for message in conversation for text in _texts(message.content)]
    roles, texts = [role for role, _ in pieces], [text for _, text in pieces]
    clean = ["", *texts]
    _guard(model).clean_all(clean, roles, escape)
    fresh = iter(clean[1:])
    return [Message(role, _rewritten(content, fresh)) for role, content in conversation]


def _texts(content: Content) -> list[str]:
    """Give the texts of a content, in the order in which `_rewritten` takes them."""
    if not _has_tools(content):
        return [text_of(content, backend="local")]
    return [text for part in content for text in _fields(part).values()]


def _rewritten(content: Content, texts: Iterator[str]) -> Content:
    if not _has_tools(content):
        return next(texts)
    parts: tuple[Any, ...] = tuple(content)
    return tuple(replace(part, **{name: next(texts) for name in _fields(part)}) for part in parts)


def _has_tools(content: Content) -> bool:
    return not isinstance(content, str) and any(isinstance(part, _TOOLS) for part in content)


def _fields(part: Any) -> dict[str, str]:
    """Give what a model may read of a part; a file beside a tool is refused later, by its kind."""
    return {name: getattr(part, name) for name in _READ if getattr(part, name, None)}


@lru_cache(maxsize=8)
def _guard(model: str) -> Guard:
    return Guard(_control_tokens(model))


def _control_tokens(model: str) -> Sequence[str]:
    if model == EMBEDDED:
        from ..templates import get_template

        return get_template("smollm2").special_tokens
    from ..templates._gguf import read_control_tokens

    try:
        return read_control_tokens(Path(model).expanduser())
    except (OSError, TemplateError):
        return ()  # llama.cpp cannot run it either, and what starts the server says why
