"""The HTTP clients of the wires we speak ourselves: what they have in common, and their TLS."""

from __future__ import annotations

import os
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._clients import Clients
from ._registry import missing

if TYPE_CHECKING:
    import ssl
    from http.cookiejar import CookieJar

    import httpx2


def http_clients(*, loopback: bool = False) -> Clients[httpx2.Client, httpx2.AsyncClient]:
    """Make the pool of clients for `post_blocks` and `apost`.

    Args:
        loopback: For a server of our own on this machine: no proxy is looked up, and no connection
            kept, because it waits for them when it stops.
    """
    return Clients(partial(_client, loopback=loopback), partial(_async_client, loopback=loopback))


def _client(_key: object, *, loopback: bool) -> httpx2.Client:
    _check_installed()
    from httpx2 import Client

    from ._transport import Transport

    return Client(transport=Transport(tls_settings, direct=loopback), **_settings(loopback))


def _async_client(_key: object, *, loopback: bool) -> httpx2.AsyncClient:
    _check_installed()
    from httpx2 import AsyncClient

    from ._transport import AsyncTransport

    transport = AsyncTransport(tls_settings, direct=loopback)
    return AsyncClient(transport=transport, **_settings(loopback))


def _check_installed() -> None:
    try:
        import_module("httpx2")
    except ImportError:
        raise missing("httpx2", "http") from None


def _settings(loopback: bool) -> dict[str, Any]:
    """Give what our clients have in common."""
    return {"cookies": no_cookies(), "trust_env": not loopback}


def no_cookies() -> CookieJar:
    """Give a jar that stays empty: one user's cookies are no other's, and all share a client."""
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def tls_settings() -> ssl.SSLContext:
    """Give httpx's TLS settings, made once, for they take 17 ms."""
    return _tls_settings(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _tls_settings(*_environment: str | None) -> ssl.SSLContext:
    from httpx2 import create_ssl_context

    context = create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
