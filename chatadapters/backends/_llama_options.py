"""Which request options llama.cpp's server has, and what it would refuse late or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._errors import OptionError
from ._wire_options import APART, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SAMPLING = """
    adaptive_decay adaptive_target backend_sampling cache_prompt dry_allowed_length dry_base
    dry_multiplier dry_penalty_last_n dry_sequence_breakers dynatemp_exponent dynatemp_range
    frequency_penalty grammar id_slot ignore_eos json_schema logit_bias logprobs lora
    max_completion_tokens max_tokens min_keep min_p mirostat mirostat_eta mirostat_tau n_indent
    n_keep n_predict n_probs post_sampling_probs presence_penalty repeat_last_n repeat_penalty
    response_fields response_format return_progress return_tokens samplers seed t_max_predict_ms
    temperature timings_per_token top_k top_logprobs top_n_sigma top_p typical_p xtc_probability
    xtc_threshold
"""
_CHAT_ONLY = """
    add_generation_prompt chat_template_kwargs continue_final_message parallel_tool_calls
    parse_tool_calls reasoning_effort reasoning_format tool_choice tools
"""
_TEXT = """
    chat_template_kwargs frequency_penalty logit_bias max_completion_tokens max_tokens min_p
    parallel_tool_calls presence_penalty reasoning_effort repeat_penalty response_format seed
    temperature tool_choice tools top_k top_p typical_p
"""
RAW_OPTIONS = APART | frozenset(_SAMPLING.split())
CHAT_OPTIONS = RAW_OPTIONS | frozenset(_CHAT_ONLY.split())
#: What a client of a server may set: neither which slot it takes nor a length of another name.
REQUEST = frozenset(_TEXT.split())
_KINDS: Mapping[str, tuple[type, str]] = {
    "grammar": (str, "a grammar as text"),
    "response_format": (dict, "a dict, such as {'type': 'json_object'}"),
}
_REASONING_FORMATS = ("none", "auto", "deepseek", "deepseek-legacy")


def check_options(options: Mapping[str, Any], known: frozenset[str]) -> None:
    """Check that options exist and have the form in which llama.cpp reads them.

    A grammar or a response format of another form it ignores, and tools of another form or a
    reasoning format that it does not know are an internal error to it, which looks as if it might
    pass.

    Args:
        options: What the caller wants to send.
        known: The names that the route knows.

    Raises:
        OptionError: The text names the option and what is wrong.
    """
    check_names(options, known)
    for name, value in options.items():
        kind, wanted = _KINDS.get(name, (object, ""))
        if not isinstance(value, kind):
            raise OptionError(f"{name}={value!r:.200}: give {wanted}")
    _check_tools(options.get("tools", ()))
    form = options.get("reasoning_format", "none")
    if form not in _REASONING_FORMATS:
        raise OptionError(f"reasoning_format={form!r:.200}: give one of {_REASONING_FORMATS}")


def check_names(names: Iterable[str], known: frozenset[str]) -> None:
    """Check that a route knows every option.

    Args:
        names: Those of what the caller wants to send.
        known: The names that the route knows.

    Raises:
        OptionError: It does not know one.
    """
    for name in names:
        if name not in known:
            raise OptionError(_unknown(name, known))


def with_schema(options: Mapping[str, Any]) -> dict[str, Any]:
    """Give options with the response format as a schema: the raw route knows no other.

    Raises:
        OptionError: The response format is none of OpenAI's.
    """
    rest = dict(options)
    match form := rest.pop("response_format", {"type": "text"}):
        case {"type": "text"}:
            return rest
        case {"type": "json_object"}:
            return {**rest, "json_schema": form.get("schema") or {"type": "object"}}
        case {"type": "json_schema", "json_schema": {"schema": schema}}:
            return {**rest, "json_schema": schema}
    raise OptionError(
        f"response_format={form!r:.200}: give {{'type': 'json_object'}}, or "
        "{'type': 'json_schema', 'json_schema': {'schema': {...}}}"
    )


def _check_tools(tools: Any) -> None:
    if not isinstance(tools, (list, tuple)):
        raise OptionError(f"tools={tools!r:.200}: give a list of tools")
    for place, tool in enumerate(tools):
        match tool:
            case {"type": "function", "function": {"name": str()}}:
                pass
            case _:
                raise OptionError(
                    f"tools[{place}]={tool!r:.200}: give "
                    "{'type': 'function', 'function': {'name': ..., 'parameters': {...}}}"
                )


def _unknown(name: str, known: frozenset[str]) -> str:
    if name in CHAT_OPTIONS:
        return f"the local backend has no option {name!r} with a template; leave template out"
    return (
        f"the local backend has no option {name!r}: {nearest(name, known)}"
        "What llama.cpp's server takes beyond these goes into extra_body={...}"
    )
