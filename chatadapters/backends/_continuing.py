"""What every request to continue a reply respects: its form, its stop sequences, its length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: What makes a reply something else than plain text, or binds its form from its beginning.
_BOUND = (
    *("audio", "function_call", "functions", "modalities", "tool_choice", "tools"),
    *("grammar", "guided_choice", "guided_decoding", "guided_grammar", "guided_json"),
    *("guided_regex", "json_schema", "regex", "response_format", "structured_outputs"),
)
#: What requests call the most tokens of a reply.
_LENGTHS = ("max_tokens", "max_completion_tokens", "max_new_tokens", "n_predict")


def is_bound(fields: Mapping[str, Any]) -> bool:
    """Say whether a request wants more than plain text, which cannot go on in the middle."""
    return any(fields.get(name) for name in _BOUND)


def splits_stop(stops: Iterable[str], text: str) -> bool:
    """Say whether a reply that is cut after `text` may be cut within a stop sequence."""
    return any(
        text.endswith(stop[:at])
        for stop in stops
        for at in range(1, len(stop))
        if stop[at].isspace()
    )


def fewer_tokens(options: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Lower the limits of tokens by what `text` took at least: a word is a token or more."""
    told = len(text.split())
    limits = {name: options.get(name) for name in _LENGTHS}
    lowered = {
        name: max(1, limit - told)
        for name, limit in limits.items()
        if isinstance(limit, int) and limit > 0  # some servers take -1 for no limit
    }
    return {**options, **lowered}
