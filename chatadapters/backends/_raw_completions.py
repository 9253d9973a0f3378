"""The raw-completions wire (`/v1/completions`): its requests, and what reads the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._continuing import fewer_tokens
from ._openai_completions import CompletionsReader
from ._raw_prompt import RawWire
from ._wire_options import APART, COMPLETIONS, COMPLETIONS_OPENAI_NAMES, check_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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


COMPLETIONS_WIRE = RawWire(
    "/completions",
    "prompt",
    completions_body,
    CompletionsReader,
    completions_resumed,
    COMPLETIONS_OPENAI_NAMES,
)
