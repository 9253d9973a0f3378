"""Which proxy a connection goes through, by the environment or the system's settings.

An entry of `NO_PROXY` means what it means to httpx2, whose own rules need a client of its own.
"""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2

_BRACKETS = re.compile(r"^\[([^]]*)\](?!:)")
_PORTS = {"http": 80, "https": 443}
_PROXY_PORTS = {**_PORTS, "socks5": 1080, "socks5h": 1080}


class Origin(NamedTuple):
    """A server, as a connection is made to it.

    Attributes:
        scheme: Such as `b"https"`.
        host: Its name as it is sent, or its address without brackets.
        port: Its port.
    """

    scheme: bytes
    host: bytes
    port: int

    @property
    def netloc(self) -> bytes:
        """The host and the port, as they stand in a URL."""
        host = b"[%b]" % self.host if b":" in self.host else self.host
        return b"%b:%d" % (host, self.port)


def origin_of(url: httpx2.URL, *, proxy: bool = False) -> Origin:
    """Give the server that a URL leads to.

    Args:
        url: The URL.
        proxy: Whether it is that of a proxy, which may speak SOCKS.

    Raises:
        ValueError: It speaks nothing that we do.
    """
    ports = _PROXY_PORTS if proxy else _PORTS
    if url.scheme not in ports:
        known = " or ".join(f"{scheme}://" for scheme in ports)
        raise ValueError(f"the address begins with {url.scheme!r}, not with {known}")
    port = ports[url.scheme] if url.port is None else url.port
    return Origin(url.raw_scheme, url.raw_host, port)


def proxy_for(origin: Origin) -> str | None:
    """Give the URL of the proxy to reach a server through, or None."""
    from urllib.request import getproxies, getproxies_environment, proxy_bypass

    proxies = _settled(getproxies)
    found = proxies.get(origin.scheme.decode()) or proxies.get("all")
    if not found or is_exempt(origin, proxies.get("no", "")):
        return None
    if not _settled(getproxies_environment) and proxy_bypass(origin.host.decode()):
        return None  # by the settings of Windows or macOS
    return found if "://" in found else f"http://{found}"


def _settled(look: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Look through the environment, again if another thread changes it just now."""
    while True:
        with suppress(KeyError, RuntimeError):
            return look()


def is_exempt(origin: Origin, no_proxy: str) -> bool:
    """Say whether one of the entries names a server.

    Args:
        origin: The server.
        no_proxy: Names, addresses and networks with commas between. A name stands for what is
            below it too, but for `localhost` and after a scheme (`http://name`); with a dot or
            `*.` before it, only for what is below it. A port may follow, `*` is everything.

    Example:
        >>> here = Origin(b"http", b"10.1.2.3", 8080)
        >>> [is_exempt(here, entry) for entry in ("10.0.0.0/8", "10.1.2.3:8080", "10.1.2.3:80")]
        [True, True, False]
    """
    entries = [entry.strip() for entry in no_proxy.split(",")]
    return "*" in entries or any(_names(entry, origin) for entry in entries if entry)


def _names(entry: str, origin: Origin) -> bool:
    scheme, _, rest = entry.lower().rpartition("://")
    if scheme not in ("", "all", origin.scheme.decode()):
        return False
    host = origin.host.decode().lower().strip("[]")
    network = _network(rest)
    if network is not None:
        return _within(host, network)
    name, slash, _ = rest.removeprefix("*").partition("/")
    try:
        parts = urlsplit(f"//{name.removeprefix('.')}")
        named, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError:
        return False
    if port not in (None, origin.port) or (slash and not scheme):
        return False
    with_below = rest.startswith(("*", ".")) or not (scheme or rest == "localhost")
    is_itself = host == named and not name.startswith(".")
    if not named:
        return bool(scheme)
    return is_itself or (with_below and host.endswith(f".{named}"))


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(_BRACKETS.sub(r"\1", text), strict=False)
    except ValueError:
        return None


def _within(host: str, network: IPv4Network | IPv6Network) -> bool:
    try:
        return ip_address(host) in network
    except ValueError:
        return False
