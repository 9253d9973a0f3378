"""What TGI sends, typed for msgspec; imported by the reader at first use only.

Every field may be missing or null, and what is not listed is skipped unread.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Token(Struct, gc=False):
    """A generated token; a special one is no part of the answer."""

    text: str | None = None
    special: bool | None = None


class Details(Struct, gc=False):
    """How the generation ended and what it took."""

    finish_reason: str | None = None
    generated_tokens: int | None = None
    input_length: int | None = None


class Event(Struct, gc=False):
    """One event of the stream: a token, the last one with `generated_text`; or an error."""

    token: Token | None = None
    generated_text: str | None = None
    details: Details | None = None
    error: Any = None
    http_status_code: int | None = None
    #: Of other servers: what OpenAI's API sends.
    choices: Any = None
