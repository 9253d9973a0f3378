"""The text-generation package, where it is installed: it checks requests and names errors.

The wire does not need it; `pip install "chatadapters[text-generation]"` brings it, for Python
environments with `huggingface-hub<1`, which it needs. It imports two HTTP libraries and the hub's,
in a third of a second, so that it is asked only where it could have something to say.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from .._errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

#: The package does not know the one, and refuses values of the other that the server takes.
_UNCHECKED = frozenset({"adapter_id", "frequency_penalty"})
#: Parameters of which it checks no more than this type.
_ONLY_TYPED: Mapping[str, type] = {
    "decoder_input_details": bool,
    "details": bool,
    "do_sample": bool,
    "max_new_tokens": int,
    "return_full_text": bool,
    "stop": list,  # of strings, as ours always are
    "watermark": bool,
}
_FIELDS = ("body", "code", "headers", "status", "status_code")
_NOT_ITS_BUSINESS = frozenset({401, 403})


def check_request(body: Mapping[str, Any]) -> None:
    """Check the values of a request by the package's types.

    Raises:
        OptionError: A value is of the wrong type or out of range.
    """
    parameters = {
        name: value
        for name, value in body["parameters"].items()
        if name not in _UNCHECKED and type(value) is not _ONLY_TYPED.get(name)
    }
    types = _package("types") if parameters or not body["inputs"] else None
    if types is None:
        return
    try:
        types.Request(inputs=body["inputs"], parameters=types.Parameters(**parameters), stream=True)
    except (types.ValidationError, ValueError) as error:  # the package's own, or pydantic's
        raise OptionError(f"text-generation refuses the request: {error}") from error


def in_its_type(error: Exception, status: int, code: str | None) -> Exception:
    """Give an error in the type that the package has for it.

    Args:
        error: An error of ours.
        status: The HTTP status of the answer.
        code: What the server calls the error, such as `"overloaded"`.

    Returns:
        The package's error, with what ours knows as attributes; ours when the package is not
        installed or has no name for it.
    """
    errors = None if status in _NOT_ITS_BUSINESS else _package("errors")
    if errors is None:
        return error
    known = (code or "").removesuffix("_stream")  # it has the longer names without this
    found: Exception = errors.parse_error(status, {"error": str(error), "error_type": known})
    if isinstance(found, errors.UnknownError):
        return error
    for name in _FIELDS:
        if hasattr(error, name):
            setattr(found, name, getattr(error, name))
    return found


@cache
def _package(module: str) -> ModuleType | None:
    from importlib import import_module

    try:
        return import_module(f"text_generation.{module}")
    except ImportError:  # it is not there, or what it needs is not
        return None
