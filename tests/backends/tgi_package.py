"""What the text-generation package says of a request or an error, where it is installed.

The tests of this wire run in two environments: with the newest huggingface-hub, where the package
cannot be installed, and with the one before 1.0, where it is.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from chatadapters import ProviderStreamError

INSTALLED = find_spec("text_generation") is not None


def conforms(payload: dict[str, Any]) -> bool:
    """Say whether the package's own request types give exactly this payload."""
    if not INSTALLED:
        return True
    from text_generation.types import Request

    request = Request(**payload)
    same: bool = request.model_dump(mode="json", exclude_unset=True) == payload
    return same


def error_type(name: str, otherwise: type[Exception] = ProviderStreamError) -> type[Exception]:
    """Give an error type of the package, or the one that stands for it."""
    if not INSTALLED:
        return otherwise
    from text_generation import errors

    found: type[Exception] = getattr(errors, name)
    return found
