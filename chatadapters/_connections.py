"""Which connections are made, and which of them are kept for the next request."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, Any

import httpcore2
import httpx2

from ._errors import MissingDependencyError
from ._proxies import proxy_for

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

_IDLE_SECONDS = 300.0
_MOST_IDLE = 100


class Connections:
    """The connections of one transport that serve no request now; those that do are not counted.

    So there is no limit that a request could wait for: each has a connection, as long as the
    process may open sockets.

    Args:
        pool: httpcore's pool, which makes connections.
        network: What they are made of.
        context: Gives the TLS settings when they are first needed.
        direct: Whether to go through no proxy and to keep no connection.
    """

    def __init__(
        self, pool: Any, network: Any, context: Callable[[], ssl.SSLContext], *, direct: bool
    ) -> None:
        self._pool, self._network, self._context = pool, network, context
        self._direct = direct
        self._most = 0 if direct else _MOST_IDLE
        self._idle: list[Any] = []  # the one that was used last at the end
        self._lock = RLock()  # a collected reply may give back while its thread is in here
        self._closed = False

    def take(self, origin: httpcore2.Origin) -> Any | None:
        """Take the idle connection that was used last, if one is left."""
        with self._lock:
            for connection in reversed(self._idle):
                if connection.can_handle_request(origin) and not connection.has_expired():
                    self._idle.remove(connection)
                    return connection
        return None

    def give_back(self, connection: Any) -> list[Any]:
        """Keep a connection whose response was read to its end; give those to be closed."""
        if not self._most or not connection.is_idle():
            return [connection]
        with self._lock:
            if self._closed:
                return [connection]
            self._idle.append(connection)
            unused: list[Any] = []
            while len(self._idle) > self._most or self._idle[0].has_expired():
                unused.append(self._idle.pop(0))
                if not self._idle:
                    break
        return unused

    def give_up(self) -> list[Any]:
        """Keep none any more; give those to be closed."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        return idle

    def make(self, origin: httpcore2.Origin) -> Any:
        """Make a connection, which connects with its first request."""
        found = None if self._direct else proxy_for(origin)
        pool = self._pool(
            ssl_context=self._context() if origin.scheme == b"https" else None,
            proxy=self._proxy(found) if found else None,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=self._network,
        )
        try:
            return pool.create_connection(origin)
        except ImportError as error:
            raise MissingDependencyError(
                f'{error}: a SOCKS proxy needs `pip install "httpx2[socks]"`'
            ) from error

    def _proxy(self, found: str) -> httpcore2.Proxy:
        proxy = httpx2.Proxy(found)
        url = proxy.url
        return httpcore2.Proxy(
            httpcore2.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            auth=proxy.raw_auth,
            ssl_context=self._context() if url.scheme == "https" else None,
        )
