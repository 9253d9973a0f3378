"""Keeps the texts of a chat from forging a turn where llama.cpp writes the prompt itself."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from .._errors import TemplateError
from .._weights import EMBEDDED
from ..templates._guard import Guard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._conversation import Message
    from ..templates import Escape


def harmless(
    conversation: Sequence[Message], texts: Sequence[str], model: str, escape: Escape
) -> list[str]:
    """Give the texts of a conversation without the control tokens of a model.

    llama.cpp reads a control token wherever it stands in the prompt, also in what a user said.

    Args:
        conversation: Whose texts they are.
        texts: The texts, one for each message.
        model: As `find_weights` takes it; a file that cannot be read has no tokens.
        escape: What happens to what is found, as in `Guard.clean`.

    Raises:
        InjectionError: A text has a control token, and `escape` is `"error"`.
    """
    clean = ["", *texts]
    _guard(model).clean_all(clean, [message.role for message in conversation], escape)
    return clean[1:]


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
