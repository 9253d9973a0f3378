"""Why a reply ended, from the many words that servers have for it to the few of ours."""

from __future__ import annotations

from .._errors import ProviderStreamError

_REASONS = {
    "stop": ("stop", "end", "end_turn", "eos", "eos_token", "stop_sequence", "complete", "word"),
    "length": (
        "length",
        "limit",
        "max_output_tokens",
        "max_tokens",
        "model_context_window_exceeded",
        "model_length",
    ),
    "content_filter": (
        "blocklist",
        "content-filter",
        "content_filter",
        "content_filtered",
        "guardrail_intervened",
        "image_safety",
        "language",
        "prohibited_content",
        "recitation",
        "safety",
        "sensitive",
        "spii",
    ),
    "tool_calls": ("function_call", "tool-calls", "tool_calls", "tool_use"),
    "refusal": ("refusal",),
}
_OURS = {theirs: ours for ours, words in _REASONS.items() for theirs in words}
#: The generation broke off: the text is not what the model had to say.
_FAILED = frozenset(
    {
        *("abort", "aborted", "cancelled", "error", "failed", "insufficient_system_resource"),
        *("network_error", "server_error", "timeout"),
    }
)
#: What some servers send in every chunk where null belongs.
_NONE = frozenset({"", "null", "none", "not_finished"})


def finish_reason(theirs: str | None) -> str | None:
    """Give the reason in our words.

    Args:
        theirs: What the server sent.

    Returns:
        One of our words, or theirs when we have none; None when the reply goes on.

    Raises:
        ProviderStreamError: The reason is a failure.

    Example:
        >>> finish_reason("eos_token"), finish_reason("MAX_TOKENS"), finish_reason("pause_turn")
        ('stop', 'length', 'pause_turn')
        >>> finish_reason("<|eot_id|>")  # the token itself, as Together has it
        'stop'
    """
    if theirs is None:
        return None
    word = theirs.strip().lower()
    if word in _NONE:
        return None
    if word in _FAILED:
        raise ProviderStreamError(f"the provider ended the reply with {theirs!r}", code=theirs)
    if word.startswith("<") and word.endswith(">"):
        return "stop"
    return _OURS.get(word, theirs)
