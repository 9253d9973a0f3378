"""The way to a server: to it, or to a proxy and what that is told. Pure."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, NamedTuple

import httpx2

from ._heads import HeadReader, request_head, with_size
from ._proxies import Origin, origin_of, proxy_for
from ._socks import ask_socks, check_installed

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._heads import Fields
    from ._socks import Talk

_FIRST_REFUSAL = 300
_FIRST_SUCCESS = 200
_SOCKS = frozenset({"socks5", "socks5h"})


class Route(NamedTuple):
    """The way to a server.

    Attributes:
        origin: The server.
        first: Where to connect to, the server or a proxy.
        talk: Begins what the proxy is told before it passes all on; None if it is told nothing.
        forwards: Whether the proxy makes the requests itself, so that it is told whole URLs.
        headers: What else it gets with each of those.
    """

    origin: Origin
    first: Origin
    talk: Callable[[], Talk] | None = None
    forwards: bool = False
    headers: Fields = ()

    def written(self, request: httpx2.Request, headers: Fields, body: bytes) -> bytes:
        """Write a request that goes this way.

        Args:
            request: The request.
            headers: Its headers, names and values.
            body: All of its body.

        Raises:
            httpx2.LocalProtocolError: It cannot be sent as it is.
        """
        return self._head(request, with_size(headers, len(body))) + body

    def _head(self, request: httpx2.Request, headers: Fields) -> bytes:
        url, method = request.url, request.method.encode("ascii")
        if not self.forwards:
            return request_head(method, url.raw_path, headers)
        given = {name.lower() for name, _ in headers}
        added = [item for item in self.headers if item[0].lower() not in given]
        target = b"%b://%b%b" % (url.raw_scheme, url.netloc, url.raw_path)
        return request_head(method, target, [*added, *headers])


def route_to(origin: Origin, *, direct: bool) -> Route:
    """Find the way to a server, by the environment.

    Args:
        origin: The server.
        direct: Whether to go through no proxy.

    Raises:
        MissingDependencyError: It goes through a SOCKS proxy, and socksio is not installed.
    """
    found = None if direct else proxy_for(origin)
    if not found:
        return Route(origin, origin)
    proxy = httpx2.Proxy(found)
    first = origin_of(proxy.url, proxy=True)
    if proxy.url.scheme in _SOCKS:
        check_installed()
        return Route(origin, first, lambda: ask_socks(origin, proxy.raw_auth))
    headers: list[tuple[bytes, bytes]] = []
    if proxy.raw_auth is not None:
        headers = [(b"Proxy-Authorization", b"Basic " + b64encode(b":".join(proxy.raw_auth)))]
    if origin.scheme == b"http":
        return Route(origin, first, forwards=True, headers=headers)
    return Route(origin, first, lambda: _tunnel(origin, headers))


def _tunnel(origin: Origin, headers: Fields) -> Talk:
    """Ask an HTTP proxy for a connection to a server."""
    server = origin.netloc
    said = request_head(b"CONNECT", server, [(b"Host", server), (b"Accept", b"*/*"), *headers])
    reader = HeadReader()
    while reader.feed((yield said)) is None:
        said = b""
    _, status, reason, _ = reader.head
    if not _FIRST_SUCCESS <= status < _FIRST_REFUSAL:
        why = f"{status} {reason.decode('ascii', 'ignore')}".strip()
        raise httpx2.ProxyError(f"the proxy makes no connection: {why}")
