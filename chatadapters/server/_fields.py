"""The fields of a request and the values each can have, as checks and as JSON schema. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ._errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Field(NamedTuple):
    """One field of a request.

    Attributes:
        words: What it takes, for an error.
        fits: Whether it can have a value, which is never None.
        schema: The same as JSON schema.
    """

    words: str
    fits: Callable[[Any], bool]
    schema: Mapping[str, Any]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return _is_number(value) and value == int(value)


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_objects(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_object, value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_stop(value: Any) -> bool:
    texts = value if isinstance(value, list) else [value]
    few = len(texts) <= _MOST_STOPS
    return value == "" or (
        few and all(_is_text(text) and 0 < len(text) <= _LONGEST_STOP for text in texts)
    )


def _is_stream_options(value: Any) -> bool:
    return _is_object(value) and isinstance(value.get("include_usage"), (bool, type(None)))


def _is_one(value: Any) -> bool:
    return _is_number(value) and value == 1


def _is_off(value: Any) -> bool:
    return value is False or (_is_number(value) and value == 0)


def _is_only_text(value: Any) -> bool:
    return bool(value == ["text"])


def _never(value: Any) -> bool:  # noqa: ARG001 - null alone is allowed
    return False


#: More would let one request slow down all replies: text is searched for them as it comes.
_MOST_STOPS, _LONGEST_STOP = 64, 1000
_TEXTS = {
    "type": "array",
    "items": {"type": "string", "minLength": 1, "maxLength": _LONGEST_STOP},
    "maxItems": _MOST_STOPS,
}
_INCLUDE_USAGE = {"include_usage": {"type": ["boolean", "null"]}}

_NUMBER = Field("a number", _is_number, {"type": ["number", "null"]})
_INTEGER = Field("a whole number", _is_integer, {"type": ["integer", "null"]})
_BOOLEAN = Field("true or false", _is_boolean, {"type": ["boolean", "null"]})
_OBJECT = Field("an object", _is_object, {"type": ["object", "null"]})
_TEXT = Field("a text", _is_text, {"type": ["string", "null"]})
_OBJECTS = Field(
    "a list of objects", _is_objects, {"type": ["array", "null"], "items": {"type": "object"}}
)
_STOP = Field(
    f"a text or a list of at most {_MOST_STOPS}, none empty or above {_LONGEST_STOP} characters",
    _is_stop,
    {"anyOf": [{"type": ["string", "null"], "maxLength": _LONGEST_STOP}, _TEXTS]},
)
_STREAM_OPTIONS = Field(
    'an object such as {"include_usage": true}',
    _is_stream_options,
    {"type": ["object", "null"], "properties": _INCLUDE_USAGE},
)
_NO_LOGPROBS = Field(
    "false, because log probabilities are not given here", _is_off, {"enum": [False, 0, None]}
)
_OFF = Field("false", _is_off, {"enum": [False, 0, None]})
_NOTHING = Field("nothing", _never, {"type": "null"})
_ONE = Field("1: a reply is one choice; ask again for another", _is_one, {"enum": [1, None]})
_ONLY_TEXT = Field('["text"]', _is_only_text, {"enum": [["text"], None]})

_BOTH = {
    "frequency_penalty": _NUMBER,
    "logit_bias": _OBJECT,
    "logprobs": _NO_LOGPROBS,
    "max_tokens": _INTEGER,
    "n": _ONE,
    "presence_penalty": _NUMBER,
    "seed": _INTEGER,
    "stop": _STOP,
    "stream": _BOOLEAN,
    "stream_options": _STREAM_OPTIONS,
    "temperature": _NUMBER,
    "top_p": _NUMBER,
    "user": _TEXT,
}
CHAT = {
    **_BOTH,
    "max_completion_tokens": _INTEGER,
    "modalities": _ONLY_TEXT,
    "parallel_tool_calls": _BOOLEAN,
    "reasoning_effort": _TEXT,
    "response_format": _OBJECT,
    "tools": _OBJECTS,
    "top_logprobs": _NO_LOGPROBS,
}
#: Options without which the reply would be another one; others only tune it.
NEEDED = ("tools", "functions", "function_call", "response_format", "audio", "web_search_options")
RAW = {**_BOTH, "best_of": _ONE, "echo": _OFF, "suffix": _NOTHING}


def check_fields(body: Mapping[str, Any], *, chat: bool) -> None:
    """Check the fields of a request that this server knows.

    Args:
        body: The request.
        chat: Whether it came to the chat route.

    Raises:
        RefusedError: One has a value that it cannot have here.

    Example:
        >>> check_fields({"model": "m", "temperature": 0.2, "logprobs": None}, chat=True)
    """
    if not isinstance(body.get("model"), str):
        raise RefusedError(400, "model: give the name of a model", param="model")
    for name, each in (CHAT if chat else RAW).items():
        value = body.get(name)
        if value is not None and not each.fits(value):
            message = f"{name}: give {each.words}, not {value!r:.80}"
            raise RefusedError(400, message, param=name)
