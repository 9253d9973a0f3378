"""The server that plays scenarios, each at a URL of its own."""

from __future__ import annotations

import socket
import threading
from itertools import count
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from ..._checks import is_above
from ..._errors import OptionError
from .answers import Answer, End, encode
from .catalog import SCENARIOS, nearest
from .dialects import DIALECTS
from .parts import Dialect
from .proxy import Upstream
from .scenario import ALL, DELTAS, Ask, Scenario, good, whole
from .server import HOST, FaultRequest, Run, ServerThread

if TYPE_CHECKING:
    from collections.abc import Iterator


def good_body(dialect: str = "openai") -> bytes:
    """Give the body of a healthy stream, as `FaultServer.url_cut` and `url_split` count it.

    Args:
        dialect: `"openai"`, `"completions"`, `"responses"` or `"tgi"`.

    Returns:
        All bytes of the body.

    Example:
        >>> good_body("tgi").startswith(b'data: {"index":1,')
        True
    """
    return b"".join(encode(_known(dialect).reply(DELTAS).events))


class FaultServer:
    """Serves scenarios on loopback, from a thread of its own.

    Use it as a context manager, or call `start` and `stop`.

    Args:
        speed: What the waits of scenarios are divided by; with 10, `slow_first_token` takes
            half a second. Waits that a client is asked for (`Retry-After`) stay as they are.
            Above 0.
        port: The port to listen on; 0 is any that is free.

    Example:
        >>> with FaultServer(speed=10) as server:
        ...     url = server.url("reset_mid_once", "tgi")
        >>> url.endswith("/reset_mid_once")
        True
    """

    def __init__(self, *, speed: float = 1.0, port: int = 0) -> None:
        if not is_above(0, speed):
            raise OptionError(f"speed={speed!r}: give a number above 0; 1 is the real time")
        self._server = ServerThread(dict(SCENARIOS), speed, port)
        self._numbers = count(1)
        self._closed_ports: dict[str, list[socket.socket]] = {}
        self._lock = threading.Lock()

    def start(self) -> Self:
        """Start to listen.

        Raises:
            OSError: The port is taken.
        """
        self._server.start()
        return self

    def stop(self) -> None:
        """Close every connection and stop to listen."""
        self._server.stop()
        for sockets in self._closed_ports.values():
            for closed in sockets:
                closed.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def url(self, scenario: str | Scenario, dialect: str = "openai") -> str:
        """Give a new URL at which a scenario is played; its attempts are counted anew.

        Args:
            scenario: A key of `SCENARIOS`, or a scenario of your own.
            dialect: `"openai"` (chat), `"completions"`, `"responses"` or `"tgi"`.

        Returns:
            The base URL for a client: it ends in `/v1` unless the dialect is `"tgi"`. A TGI
            client may post to it, to `/` or to `/generate_stream`.

        Raises:
            LookupError: There is no such scenario or dialect.
            RuntimeError: The server was not started.
        """
        if isinstance(scenario, Scenario):
            return self._opened(Run(scenario), scenario.name, dialect)
        if scenario not in SCENARIOS:
            raise LookupError(f"no scenario {scenario!r}; {nearest(scenario)}SCENARIOS lists all")
        return self._opened(Run(SCENARIOS[scenario]), scenario, dialect)

    def url_cut(
        self, k: int, how: End = "clean", dialect: str = "openai", *, repeats: bool = False
    ) -> str:
        """Give a new URL whose first answer is a good stream cut after `k` bytes of its body.

        Args:
            k: Bytes of body that come.
            how: `"clean"` (an orderly end), `"fin"` (without the last chunk), `"rst"` (a
                reset) or `"hold"` (silence).
            dialect: As in `url`.
            repeats: Whether a request that asks to go on from a part of the answer gets all
                of it once more, as from a server that does not see what it is asked.

        Returns:
            The base URL for a client.
        """

        def play(ask: Ask) -> Answer:
            return Answer([_good(ask)[:k]], end=how)

        healed = whole if repeats else good
        return self.url(
            Scenario(f"cut-{k}-{how}", "retry", f"Cut at {k}.", play, healed=healed), dialect
        )

    def url_split(self, k: int, dialect: str = "openai") -> str:
        """Give a new URL that answers with a good stream in two pieces.

        Args:
            k: Bytes of the first piece.
            dialect: As in `url`.

        Returns:
            The base URL for a client.
        """

        def play(ask: Ask) -> Answer:
            return Answer([_good(ask)[:k], 0.005, _good(ask)[k:]])

        return self.url(Scenario(f"split-{k}", "exact", f"Split at {k}.", play), dialect)

    def url_proxy(self, upstream: str, cut_after: int, how: End = "rst") -> str:
        """Give a new URL that passes requests to a real server and cuts the first answer.

        Args:
            upstream: The base URL of that server (http).
            cut_after: Bytes of body of the first answer that get through; one that is
                shorter gets through whole and then ends as `how` says.
            how: As in `url_cut`.

        Returns:
            The base URL for a client.
        """
        parts = urlsplit(upstream)
        run = Run(upstream=Upstream(f"{parts.scheme}://{parts.netloc}", cut_after, how))
        return self._opened(run, "proxy", "tgi") + parts.path.rstrip("/")

    def requests(self, url: str) -> list[FaultRequest]:
        """Give the requests that came to a URL, in order.

        Args:
            url: What `url` gave, or any address below it.
        """
        return list(self._run(url).requests)

    def strays(self, url: str) -> list[FaultRequest]:
        """Give the requests of a run that came to the other origin a redirect points to.

        Args:
            url: As in `requests`.
        """
        return list(self._run(url).strays)

    @property
    def connections(self) -> int:
        """How many connections are open now, those that only wait for a request included."""
        return self._server.connections

    def _run(self, url: str) -> Run:
        return self._server.runs[urlsplit(url).path.split("/")[1]]

    def _opened(self, run: Run, name: str, dialect: str) -> str:
        with self._lock:
            number = f"r{next(self._numbers)}"
            self._server.runs[number] = run
            origin = self._origin(run.scenario.port if run.scenario else "open")
        return f"{origin}/{number}/{name}{_known(dialect).base}"

    def _origin(self, port: str) -> str:
        if not self._server.origin:
            raise RuntimeError("the server is not running: use `with FaultServer() as server:`")
        if port == "open":
            return self._server.origin
        if port not in self._closed_ports:
            self._closed_ports[port] = _refusing() if port == "refused" else _full()
        return f"http://{HOST}:{self._closed_ports[port][0].getsockname()[1]}"


def _good(ask: Ask) -> bytes:
    return b"".join(ask.healthy())


def _known(dialect: str) -> Dialect:
    if dialect not in DIALECTS:
        raise LookupError(f"no dialect {dialect!r}; there are {', '.join(ALL)}")
    return DIALECTS[dialect]


def _refusing() -> list[socket.socket]:
    bound = socket.socket()
    bound.bind((HOST, 0))
    return [bound]


def _full() -> list[socket.socket]:
    """Fill the queue of a socket that accepts nobody: later connections are never made."""
    silent = socket.socket()
    silent.bind((HOST, 0))
    silent.listen(0)
    fillers = [socket.socket() for _ in range(3)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(silent.getsockname())
    return [silent, *fillers]


def fault_server() -> Iterator[FaultServer]:
    """Serve scenarios ten times as fast; make a pytest fixture of it.

    Yields:
        The server.

    Example:
        >>> import pytest
        >>> server = pytest.fixture(scope="session")(fault_server)
    """
    with FaultServer(speed=10) as server:
        yield server
