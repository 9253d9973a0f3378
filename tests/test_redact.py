"""No key in an error, wherever an SDK put it."""

from __future__ import annotations

import traceback

import httpx2
import openai

from chatadapters._redact import masked, redact

KEY = "sk-canary-0123456789"


def status_error() -> openai.APIStatusError:
    """An error of the real SDK whose server echoed the key everywhere it could."""
    request = httpx2.Request(
        "POST", "http://127.0.0.1/v1", headers={"Authorization": f"Bearer {KEY}"}
    )
    body = {"error": {"message": f"bad key {KEY}", "code": "invalid_api_key", "tags": [KEY]}}
    response = httpx2.Response(401, headers={"x-echo": KEY}, json=body, request=request)
    return openai.AuthenticationError(f"Error 401 - {body}", response=response, body=body["error"])


def everything(error: BaseException) -> str:
    """All that a log, a page or a debugger could show of an error of the SDK."""
    assert isinstance(error, openai.APIStatusError)
    response = error.response
    return "".join(
        [
            *traceback.format_exception(error),
            repr(error),
            repr(error.args),
            error.message,
            repr(error.body),
            repr(vars(error)),
            repr([*error.request.headers.raw]),
            repr([*response.headers.raw]),
            response.text,
            repr(response.content),
            repr([*response.request.headers.raw]),
        ]
    )


def test_a_key_that_a_server_echoed_is_gone() -> None:
    """Message, args, body, headers of both sides and the response text are clean."""
    error = status_error()
    assert everything(error).count(KEY) > 5
    redact(error, [KEY])
    assert KEY not in everything(error)
    assert error.status_code == 401
    assert error.code == "invalid_api_key"


def test_a_key_deep_in_a_body_is_gone() -> None:
    """However deep a server nests its echo, and also as a name."""
    error = RuntimeError("refused")
    error.body = {"a": [{"b": {"c": [{"d": {KEY: f"Bearer {KEY}"}}]}}]}  # type: ignore[attr-defined]
    redact(error, [KEY])
    assert KEY not in repr(vars(error))


def test_causes_are_cleaned_too() -> None:
    """The chain of an error is shown with it."""
    error = RuntimeError("outer")
    error.__cause__ = ValueError(f"inner {KEY}")
    error.__cause__.__context__ = KeyError(f"innermost {KEY}")
    redact(error, [KEY])
    assert KEY not in "".join(traceback.format_exception(error))
    assert "inner [redacted]" in "".join(traceback.format_exception(error))


def test_without_a_secret_nothing_is_touched() -> None:
    """Objects of the caller are left alone when there is nothing to hide."""
    error = status_error()
    body = error.body
    redact(error, ["", "another"])
    assert error.body is body
    assert masked("as it is", []) == "as it is"
