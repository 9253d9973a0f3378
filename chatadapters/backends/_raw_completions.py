"""The raw-completions wire (`/v1/completions`): its requests, and the reader of its streams."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from .._json import TypedDecoder
from ._continuing import fewer_tokens
from ._early_finish import EarlyFinishReader
from ._finish_reason import finish_reason
from ._raw_prompt import RawWire
from ._wire_options import APART, COMPLETIONS, COMPLETIONS_OPENAI_NAMES, check_names
from ._wire_reader import EVENT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._openai_types import Delta, RawChunk


def completions_body(
    prompt: str, options: Mapping[str, Any], stops: Sequence[str]
) -> dict[str, Any]:
    """Build the body of a request for a stream.

    Args:
        prompt: The text to continue.
        options: Options of the request, and `extra_body` for what only this server knows.
        stops: At most as many stop sequences as the server takes.

    Returns:
        The body.

    Raises:
        OptionError: The wire does not know an option.
    """
    check_names(options, COMPLETIONS)
    own = {name: value for name, value in options.items() if name not in APART}
    body = {"prompt": prompt, "stream": True, **own}
    if stops:
        body["stop"] = list(stops)
    return {**body, **options.get("extra_body", {})}


def completions_resumed(payload: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Give the request that continues a reply after `text`, with the tokens that are left."""
    return {**fewer_tokens(payload, text), "prompt": payload["prompt"] + text}


@cache
def _decoder() -> TypedDecoder[RawChunk]:
    from ._openai_types import RawChunk

    return TypedDecoder(RawChunk)


class CompletionsReader(EarlyFinishReader["RawChunk"]):
    r"""Reads the answer to a raw-completions request, whichever server gives it.

    Args:
        cumulative: Whether the server sends the text so far where the new text belongs.
        limit: Most bytes of one event.

    Example:
        >>> CompletionsReader().feed(b'data: {"choices": [{"text": "Hi"}]}\n\n')
        [Text(delta='Hi')]
    """

    __slots__ = ("_decode", "_unmarked")

    def __init__(self, *, cumulative: bool = False, limit: int = EVENT_LIMIT) -> None:
        super().__init__("text", cumulative=cumulative, limit=limit)
        self._decode = _decoder().decode
        self._unmarked = False  # whether text came without a finish reason

    def _chunk(self, data: bytes) -> RawChunk:
        chunk = self._decode(data)
        if chunk.error or (chunk.choices is None and chunk.content is None):
            self._no_answer(data)
        if chunk.usage:
            self._out.usage = chunk.usage
        choices = chunk.choices or []
        for choice in choices:
            if choice.index == 0 or (choice.index is None and choice is choices[0]):
                self._said(choice.text or _chatted(choice.delta), choice.finish_reason)
        if not choices and chunk.choices is not None:
            self._ending()
        if chunk.content is not None:
            self._said(chunk.content, None)
            if chunk.stop:
                self._finish(finish_reason(chunk.stop_type or "stop") or "stop")
        return chunk

    def _text_of(self, chunk: RawChunk) -> str | None:
        return chunk.choices[0].text if chunk.choices else None

    def _says_only(self, text: str, chunk: RawChunk) -> bool:
        from ._openai_types import RawChoice, RawChunk

        return chunk in (RawChunk([RawChoice(text)]), RawChunk([RawChoice(text, index=0)]))

    def _said(self, text: str | None, theirs: str | None) -> None:
        if text:
            self._out.text(text)
        reason = finish_reason(theirs)
        if reason is not None or self._held is not None:
            self._may_end(reason, brings=bool(text) and not self._unmarked)
        self._unmarked = self._unmarked or (bool(text) and reason is None)


def _chatted(delta: Delta | None) -> str | None:
    """Give the text of a chunk of a chat."""
    content = delta.content if delta else None
    return content if isinstance(content, str) else None


COMPLETIONS_WIRE = RawWire(
    "/completions",
    "prompt",
    completions_body,
    CompletionsReader,
    completions_resumed,
    COMPLETIONS_OPENAI_NAMES,
)
