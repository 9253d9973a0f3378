"""Which request options the openai SDK knows, so that a misspelt one is named before it is sent."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias

from .._errors import OptionError
from ._wire_options import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

Api: TypeAlias = Literal["chat", "responses"]

#: Known without asking the SDK, whose import takes a third of a second.
_BOTH = {
    "extra_body",
    "extra_headers",
    "extra_query",
    "metadata",
    "parallel_tool_calls",
    "safety_identifier",
    "service_tier",
    "store",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
}
_COMMON: dict[Api, frozenset[str]] = {
    "chat": frozenset(
        {
            *_BOTH,
            "frequency_penalty",
            "logit_bias",
            "logprobs",
            "max_completion_tokens",
            "max_tokens",
            "modalities",
            "presence_penalty",
            "reasoning_effort",
            "response_format",
            "seed",
            "stop",
            "verbosity",
        }
    ),
    "responses": frozenset(
        {
            *_BOTH,
            "include",
            "instructions",
            "max_output_tokens",
            "previous_response_id",
            "reasoning",
            "stop",
            "text",
            "truncation",
        }
    ),
}
_OURS = frozenset({"input", "messages", "model", "n", "stream", "timeout"})


def check_options(options: Mapping[str, Any], api: Api) -> None:
    """Check that every option is one of the API's.

    Args:
        options: What the caller wants to send.
        api: `"chat"` or `"responses"`.

    Raises:
        OptionError: One is not; the text names it, the nearest one, and `extra_body`.
    """
    for name in options.keys() - _COMMON[api]:
        if name in _OURS:
            raise OptionError(f"{name!r} is not an option of a request: chatadapters sets it")
        if name not in _of_sdk(api):
            _refuse(name, api)


def request_options(api: Api) -> dict[str, str]:
    """Give the names under which an API takes the request options of Chat Completions."""
    if api == "chat":
        own = _COMMON["chat"] - {"extra_body", "extra_headers", "extra_query", "stream_options"}
        return {name: name for name in own}
    length = "max_output_tokens"
    return {
        "temperature": "temperature",
        "top_p": "top_p",
        "max_tokens": length,
        "max_completion_tokens": length,
        "parallel_tool_calls": "parallel_tool_calls",
        "tool_choice": "tool_choice",
        "tools": "tools",
    }


@cache
def _of_sdk(api: Api) -> frozenset[str]:
    """Give the names that the installed SDK takes."""
    from inspect import signature

    from ._openai_clients import lacking, openai_sdk

    openai_sdk()
    try:
        from openai.resources.chat.completions import Completions
        from openai.resources.responses import Responses
    except ModuleNotFoundError as error:
        raise lacking(error) from error

    create = Completions.create if api == "chat" else Responses.create
    return frozenset(signature(create).parameters) - {"self"} - _OURS


def _refuse(name: str, api: Api) -> NoReturn:
    known = _of_sdk(api) | {"api_key", "base_url"}
    raise OptionError(
        f"{name!r} is not an option of the {api} API: {nearest(name, known)}"
        f"What only this server knows goes into extra_body={{{name!r}: ...}}"
    )
