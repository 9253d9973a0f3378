"""Says of a connection error what is behind it: who could not be reached, or what broke."""

from __future__ import annotations

import sys
from errno import EMFILE, ENFILE

from ._errors import ChatAdaptersError
from ._redact import chain

_CONNECT_ERRORS = ("ConnectError", "ConnectTimeout", "UnsupportedProtocol")


def explain_unreachable(error: BaseException) -> None:
    """Add to a connection error whom it could not reach, or what broke; others stay as they are.

    The error keeps its type; its text says more, because chat UIs show the text alone, and SDKs
    say "Connection error." of all that an HTTP library told them.

    Args:
        error: The error a reply failed with.
    """
    reason = next((link for link in chain(error) if _is_connect_error(link)), None)
    where = _origin(error) or _origin(reason)
    if reason is not None and where is not None:
        text = f"cannot reach {where}: {_last(reason)}; {_advice(reason)}"
    elif told := _untold(error):
        text = f"{str(error).rstrip(' .')}: {told}"
    else:
        return
    error.args = (text, *error.args[1:])
    if "message" in vars(error):
        vars(error)["message"] = text


def _untold(error: BaseException) -> str:
    """Give what an HTTP library said of a broken connection and an SDK's own error does not."""
    if isinstance(error, ChatAdaptersError):
        return ""
    below = (link for link in chain(error) if link is not error)
    broke = next((link for link in below if isinstance(link, _kinds("TransportError"))), None)
    said = "" if broke is None else str(broke).strip(" .") or type(broke).__name__
    return "" if said in str(error) else said


def _advice(error: BaseException) -> str:
    if any(getattr(link, "errno", None) in (EMFILE, ENFILE) for link in chain(error)):
        return "each reply has a connection: have fewer at once, or raise the limit (`ulimit -n`)"
    return "is the server running, is the URL right?"


def _last(error: BaseException) -> str:
    *before, last = chain(error)
    texts = (str(link).strip(" .") for link in (last, *reversed(before)))
    return next(filter(None, texts), type(last).__name__)


def _is_connect_error(error: BaseException) -> bool:
    return isinstance(error, (ConnectionRefusedError, *_kinds(*_CONNECT_ERRORS)))


def _kinds(*names: str) -> tuple[type[BaseException], ...]:
    libraries = (sys.modules.get(name) for name in ("httpx2", "httpx"))
    return tuple(getattr(library, name) for library in libraries if library for name in names)


def _origin(error: BaseException | None) -> str | None:
    try:
        url = error.request.url  # type: ignore[union-attr] # of the HTTP libraries' errors
    except (AttributeError, RuntimeError):  # not theirs, or made without a request
        return None
    netloc = url.netloc.decode() if isinstance(url.netloc, bytes) else url.netloc
    return f"{url.scheme}://{netloc}" if netloc else "the server"  # of an address that is none
