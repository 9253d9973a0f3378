"""What TGI reports as failures: which of them may pass, and their types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import ProviderStreamError
from ._tgi_package import in_its_type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._http_errors import HTTPStatusError

#: By what TGI calls an error: whether another attempt may succeed.
_MAY_PASS: Mapping[str, bool] = {
    "generation": True,
    "incomplete_generation": True,
    "incomplete_generation_stream": True,
    "insufficient_quota": False,
    "invalid_api_key": False,
    "missing_template_variable": False,
    "overloaded": True,
    "template_error": False,
    "tool_error": False,
    "validation": False,
}
_FAILED_GENERATION = 424


def retryable(error: BaseException) -> bool | None:
    """Say whether a failure may pass, by what the server calls it; None when it does not."""
    code = getattr(error, "code", None) or _error_type(getattr(error, "body", None))
    return _MAY_PASS.get(code) if isinstance(code, str) else None


def as_tgi_error(error: HTTPStatusError) -> Exception:
    """Give what an HTTP error means on this wire, in the text-generation package's type."""
    code = _error_type(error.body)
    ours: Exception = error
    if error.status_code == _FAILED_GENERATION:  # the same as inside a stream, and it may pass
        ours = ProviderStreamError(error.message, code=code or "generation")
    return in_its_type(ours, error.status_code, code)


def _error_type(body: object) -> str | None:
    named = body.get("error_type") if isinstance(body, dict) else None
    return named if isinstance(named, str) else None
