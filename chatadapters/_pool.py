"""Which connections are made, and which of them are kept for the next request."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, Generic, TypeVar

from ._connection import AsyncConnection, Connection
from ._forks import forget_in_forks
from ._routes import route_to

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from ._proxies import Origin
    from ._routes import Route

_MOST_IDLE = 100

C = TypeVar("C", Connection, AsyncConnection)


class ConnectionPool(Generic[C]):
    """The connections of one transport that serve no request now; those that do are not counted.

    So there is no limit that a request could wait for: each has a connection, as long as the
    process may open sockets.

    Args:
        new: Makes one of a route to a server and of `context`.
        context: Gives the TLS settings when they are first needed.
        direct: Whether to go through no proxy and to keep no connection.
    """

    def __init__(
        self,
        new: Callable[[Route, Callable[[], ssl.SSLContext]], C],
        context: Callable[[], ssl.SSLContext],
        *,
        direct: bool,
    ) -> None:
        self._new: Callable[[Route, Callable[[], ssl.SSLContext]], C] = new
        self._context = context
        self._direct = direct
        self._most = 0 if direct else _MOST_IDLE
        self._routes: dict[Origin, Route] = {}  # finding one reads the whole environment
        self._idle: list[C] = []  # the one that was used last at the end, and so expires last
        self._lock = RLock()  # a collected reply may give back while its thread is in here
        self._closed = False
        forget_in_forks(self)

    def forget(self) -> None:
        """Wait for no thread of the parent; what is idle forgets itself."""
        self._lock = RLock()

    def take(self, origin: Origin) -> C | None:
        """Take the idle connection that was used last, if one is left."""
        with self._lock:
            for connection in reversed(self._idle):
                if connection.route.origin == origin and not connection.has_expired():
                    self._idle.remove(connection)
                    return connection
        return None

    def give_back(self, connection: C) -> list[C]:
        """Keep a connection whose response was read to its end; give those to be closed."""
        if not self._most or not connection.is_idle():
            return [connection]
        with self._lock:
            if self._closed:
                return [connection]
            self._idle.append(connection)
            unused: list[C] = []
            while len(self._idle) > self._most or self._idle[0].has_expired():
                unused.append(self._idle.pop(0))
                if not self._idle:
                    break
        return unused

    def give_up(self) -> list[C]:
        """Keep none any more; give those to be closed."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        return idle

    def make(self, origin: Origin) -> C:
        """Make a connection, which connects with its first request.

        It goes the way that the environment said when the first one to this server was made.
        """
        route = self._routes.get(origin)
        if route is None:
            route = self._routes[origin] = route_to(origin, direct=self._direct)
        return self._new(route, self._context)
