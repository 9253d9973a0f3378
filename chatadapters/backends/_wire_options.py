"""Which request options a wire knows, so that a misspelt one is named before it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from .._errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: What is no field of a request under its own name.
APART = frozenset({"extra_body", "stop"})
_OPENAI = {
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "max_tokens",
    "presence_penalty",
    "seed",
    "stream_options",
    "temperature",
    "top_p",
    "user",
}

#: TGI's own `/generate_stream`.
TGI = frozenset(
    {
        *APART,
        "adapter_id",
        "best_of",
        "decoder_input_details",
        "details",
        "do_sample",
        "frequency_penalty",
        "grammar",
        "max_new_tokens",
        "repetition_penalty",
        "return_full_text",
        "seed",
        "temperature",
        "top_k",
        "top_n_tokens",
        "top_p",
        "truncate",
        "typical_p",
        "watermark",
    }
)
#: OpenAI's raw completions, and what vLLM, llama.cpp and SGLang agree to add.
COMPLETIONS = frozenset({*APART, *_OPENAI, "ignore_eos", "min_p", "repetition_penalty", "top_k"})
#: Chat completions of Hugging Face's router, endpoints and TGI.
CHAT = frozenset(
    {
        *APART,
        *_OPENAI,
        "max_completion_tokens",
        "parallel_tool_calls",
        "reasoning_effort",
        "response_format",
        "tool_choice",
        "tool_prompt",
        "tools",
        "top_logprobs",
    }
)
#: What they call the request options of OpenAI's API.
TGI_OPENAI_NAMES: Mapping[str, str] = {
    "frequency_penalty": "frequency_penalty",
    "max_completion_tokens": "max_new_tokens",
    "max_tokens": "max_new_tokens",
    "seed": "seed",
    "temperature": "temperature",
    "top_p": "top_p",
}
COMPLETIONS_OPENAI_NAMES: Mapping[str, str] = {
    **{name: name for name in COMPLETIONS - APART},
    "max_completion_tokens": "max_tokens",
}
CHAT_OPENAI_NAMES: Mapping[str, str] = {name: name for name in CHAT - APART - {"tool_prompt"}}
#: Options of every factory: a misspelt one is taken for one of the request. A test holds them
#: against the spec, which no backend knows.
_COMMON = frozenset(
    {
        *("additional_inputs", "allowed_roots", "ends_with", "limits", "notice", "on_finish"),
        *("pace", "retry", "show_reasoning", "stop", "system", "timeout", "window"),
    }
)
#: What is called by another name elsewhere.
_ELSEWHERE = {
    "api_base": "base_url",
    "api_key": "token",
    "max_new_tokens": "max_tokens",
    "max_retries": "retry",
    "max_tokens": "max_new_tokens",
    "system_message": "system",
    "system_prompt": "system",
    "token": "api_key",
}


def check_names(names: Iterable[str], known: frozenset[str]) -> None:
    """Check that a wire knows every option.

    Args:
        names: Those of what the caller wants to send.
        known: The names that the wire knows.

    Raises:
        OptionError: It does not; the text names the option, the nearest ones and `extra_body`.
    """
    for name in names:
        if name not in known:
            _refuse(name, known)


def nearest(name: str, known: frozenset[str]) -> str:
    """Ask whether another option was meant; give `""` where none is near.

    Args:
        name: The option that there is not.
        known: Those of the backend; the ones that every factory has are added.

    Example:
        >>> nearest("max_retries", frozenset({"max_tokens"}))
        "did you mean 'retry'? "
    """
    from difflib import get_close_matches

    known |= _COMMON
    near = get_close_matches(name, sorted(known), n=3)
    if _ELSEWHERE.get(name) in known:
        near = [_ELSEWHERE[name]]
    return f"did you mean {' or '.join(map(repr, near))}? " if near else ""


def _refuse(name: str, known: frozenset[str]) -> NoReturn:
    known |= {"base_url", "token"}
    raise OptionError(
        f"{name!r} is not an option of this wire: {nearest(name, known)}"
        "What only this server knows goes into extra_body={...}"
    )
