"""Names and addresses: checked, shown without what is secret in them, and with a route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._checks import is_sendable
from .._errors import OptionError

_LAST_PORT, _DIGITS = 65535, 5

if TYPE_CHECKING:
    from urllib.parse import SplitResult


def split(url: str) -> SplitResult:
    """Split an address."""
    from urllib.parse import urlsplit  # no predict needs it before its first message

    return urlsplit(url)


def password_in(value: object) -> str | None:
    """Give the password in an address."""
    return split(value).password if isinstance(value, str) and "://" in value else None


def without_secrets(value: Any) -> Any:
    """Give an address without user, password and query, and anything else as it is."""
    if not (isinstance(value, str) and "://" in value):
        return value
    url = split(value)
    return url._replace(netloc=url.netloc.rpartition("@")[2], query="").geturl()


def with_route(url: str, route: str, version: str = "") -> str:
    """Give an address with a route at the end of its path, which may be there already.

    Args:
        url: The address.
        route: What its path ends with.
        version: What the path has before the route, such as `"/v1"`.
    """
    parts = split(url)
    path = parts.path.rstrip("/")
    if not path.endswith(route):
        path = path.removesuffix(version) + version + route
    return parts._replace(path=path).geturl()


def check_name(name: str, value: object) -> None:
    """Check that a name is one.

    Raises:
        OptionError: It is not.
    """
    if not (isinstance(value, str) and value):
        raise OptionError(f"{name}={value!r}: give its name")
    if not is_sendable(value):
        raise OptionError(f"{name}={value!r:.200}: give its name in valid Unicode")


def check_url(name: str, value: Any, *, query: bool = True) -> None:
    """Check that an address is one of HTTP.

    Args:
        name: The option, for errors.
        value: The address.
        query: Whether it may have a query.

    Raises:
        OptionError: It is not.
    """
    if not isinstance(value, str):
        raise OptionError(f"{name} is of type {type(value).__name__}: give a URL as a string")
    shown = value.rpartition("@")[2].partition("?")[0]  # a password may be before the @
    if not is_sendable(value):
        raise OptionError(f"{name}={shown!r}: give a URL in valid Unicode")
    if not value.startswith(("http://", "https://")):
        raise OptionError(f"{name}={shown!r}: give a URL that begins with http:// or https://")
    rest, asked, _ = value.partition("://")[2].partition("?")
    host, _, port = rest.partition("/")[0].rpartition("@")[2].rpartition("]")[2].partition(":")
    if not (host or "]" in rest):
        raise OptionError(
            f"{name}={shown!r}: give a URL with a host, such as http://127.0.0.1:8000"
        )
    if port and not (port.isdecimal() and len(port) <= _DIGITS and 0 < int(port) <= _LAST_PORT):
        raise OptionError(f"{name}={shown!r}: give a port from 1 to {_LAST_PORT}")
    if asked and not query:
        raise OptionError(
            f"{name}={shown!r} has a query, behind which no route can be: give that as "
            "extra_query={...}"
        )
