"""Says of an error that a server could not be reached which one, and what to look at."""

from __future__ import annotations

import sys
from errno import EMFILE, ENFILE

from ._redact import chain

_CONNECT_ERRORS = ("ConnectError", "ConnectTimeout")


def explain_unreachable(error: BaseException) -> None:
    """Add to an HTTP library's error whom it could not reach; other errors stay as they are.

    The error keeps its type; its text says more, because chat UIs show the text alone.

    Args:
        error: The error a reply failed with.
    """
    reason = next((link for link in chain(error) if _is_connect_error(link)), None)
    where = _origin(error) or _origin(reason)
    if reason is None or where is None:
        return
    text = f"cannot reach {where}: {_last(reason)}; {_advice(reason)}"
    error.args = (text, *error.args[1:])
    if "message" in vars(error):
        vars(error)["message"] = text


def _advice(error: BaseException) -> str:
    if any(getattr(link, "errno", None) in (EMFILE, ENFILE) for link in chain(error)):
        return "each reply has a connection: have fewer at once, or raise the limit (`ulimit -n`)"
    return "is the server running, is the URL right?"


def _last(error: BaseException) -> str:
    *before, last = chain(error)
    texts = (str(link).strip(" .") for link in (last, *reversed(before)))
    return next(filter(None, texts), type(last).__name__)


def _is_connect_error(error: BaseException) -> bool:
    libraries = (sys.modules.get(name) for name in ("httpx2", "httpx"))
    kinds = [getattr(library, name) for library in libraries if library for name in _CONNECT_ERRORS]
    return isinstance(error, (ConnectionRefusedError, *kinds))


def _origin(error: BaseException | None) -> str | None:
    try:
        url = error.request.url  # type: ignore[union-attr] # of the HTTP libraries' errors
    except (AttributeError, RuntimeError):  # not theirs, or made without a request
        return None
    return f"{url.scheme}://{url.netloc.decode() if isinstance(url.netloc, bytes) else url.netloc}"
