"""The fault server's thread: it listens, finds the run of each request and plays its answer."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from .answers import Answer, json_answer
from .connection import ClientLeftError, Connection, Request
from .dialects import dialect_of, loads
from .parts import Dialect
from .player import play
from .proxy import Upstream, forward
from .scenario import Ask, Scenario, good

HOST = "127.0.0.1"


@dataclass(eq=False)
class FaultRequest:
    """One request that the fault server got, and what became of it.

    Attributes:
        path: Its path, without the part that names run and scenario.
        dialect: The API that the path belongs to.
        attempt: Its number in its run, from 1.
        headers: Its headers, names in lower case.
        body: Its JSON, or its text where it is none.
        arrived: When it came, as `time.monotonic()` counts.
        written: Bytes of body written so far.
        left: When the client went away before the answer was over, or None.

    Example:
        >>> FaultRequest("/chat/completions", "openai", 1, {}, {"stream": True}, 0.0).attempt
        1
    """

    path: str
    dialect: str
    attempt: int
    headers: dict[str, str]
    body: Any
    arrived: float
    written: int = 0
    left: float | None = None
    _over: threading.Event = field(default_factory=threading.Event, repr=False)

    def wait(self, timeout: float = 5.0) -> bool:
        """Wait until the answer is over, or the client gone.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Whether it is over.
        """
        return self._over.wait(timeout)

    def over(self) -> None:
        """Say that nothing more is written; the server does."""
        self._over.set()


@dataclass(eq=False)
class Run:
    """What is played to one URL, and the requests that came to it."""

    scenario: Scenario | None = None
    upstream: Upstream | None = None
    requests: list[FaultRequest] = field(default_factory=list[FaultRequest])
    strays: list[FaultRequest] = field(default_factory=list[FaultRequest])

    def record(self, request: Request, path: str, dialect: Dialect, *, stray: bool) -> FaultRequest:
        """Note a request that came."""
        noted = self.strays if stray else self.requests
        attempt, body = len(noted) + 1, loads(request.body)
        now = time.monotonic()
        record = FaultRequest(path, dialect.name, attempt, request.headers, body, now)
        noted.append(record)
        return record


class ServerThread:
    """Serves runs from a daemon thread with an event loop of its own.

    Args:
        scenarios: What a path may name.
        speed: What the waits of scenarios are divided by.
        port: The port to listen on; 0 is any that is free.
    """

    def __init__(self, scenarios: dict[str, Scenario], speed: float, port: int) -> None:
        self._scenarios, self._speed, self._port = scenarios, speed, port
        self._connections: set[Connection] = set()
        self._started = threading.Event()
        self._failed: OSError | OverflowError | None = None
        self.runs: dict[str, Run] = {}
        self.origin = self.elsewhere = ""

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return len(self._connections)

    def start(self) -> None:
        """Start to listen."""
        self._thread = threading.Thread(target=self._work, name="fault-server", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._failed:
            raise self._failed

    def stop(self) -> None:
        """Close every connection and end the thread."""
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    def _work(self) -> None:
        try:
            # The loop that Windows has by default ends a connection before it resets it.
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._listen())
        except (OSError, OverflowError) as error:
            self._failed = error
            self._started.set()

    async def _listen(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        here = await self._loop.create_server(lambda: self._connect(False), HOST, self._port)
        there = await self._loop.create_server(lambda: self._connect(True), HOST, 0)
        ports = [server.sockets[0].getsockname()[1] for server in (here, there)]
        self.origin, self.elsewhere = (f"http://{HOST}:{port}" for port in ports)
        self._started.set()
        await self._stopped.wait()
        here.close()
        there.close()
        await self._drop_all()

    async def _drop_all(self) -> None:
        tasks = [connection.task for connection in self._connections]
        for connection in list(self._connections):
            connection.abort()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _connect(self, stray: bool) -> Connection:
        async def serve(connection: Connection) -> None:
            self._connections.add(connection)
            try:
                while True:
                    await self._respond(connection, await connection.receive(), stray=stray)
            except ClientLeftError:
                pass
            finally:
                connection.close()
                self._connections.discard(connection)

        return Connection(serve)

    async def _respond(self, connection: Connection, request: Request, *, stray: bool) -> None:
        _, run_name, name, path = (*request.path.split("/", 3), "", "")[:4]
        run = self.runs.get(run_name) or self._opened(run_name, name)
        if run is None:
            await self._play(json_answer({"error": f"no scenario {name!r}"}, 404), connection)
        elif request.method == "GET" and run.upstream is None:
            await self._play(json_answer({"model_id": "fault", "data": []}), connection)
        else:
            await self._answer(connection, request, run, "/" + path, stray=stray)

    def _opened(self, run_name: str, name: str) -> Run | None:
        found = self._scenarios.get(name)
        return self.runs.setdefault(run_name, Run(found)) if found else None

    async def _answer(
        self, connection: Connection, request: Request, run: Run, path: str, *, stray: bool
    ) -> None:
        dialect = dialect_of(path)
        record = run.record(request, path, dialect, stray=stray)
        args = (dialect, record.attempt, record.body, request.headers, request.path)
        ask = Ask(*args, elsewhere=self.elsewhere)
        try:
            answer = good(ask) if stray else await self._decided(run, ask, request, path)
            await self._play(answer, connection, record)
        except ClientLeftError:
            record.left = time.monotonic()
            raise
        finally:
            record.over()

    async def _decided(self, run: Run, ask: Ask, request: Request, path: str) -> Answer:
        if run.upstream:
            return await forward(request, run.upstream, path, cut=ask.attempt == 1)
        assert run.scenario is not None  # a run has one or the other
        return run.scenario.answer(ask)

    async def _play(
        self, answer: Answer, connection: Connection, record: FaultRequest | None = None
    ) -> None:
        async for written in play(answer, connection, self._speed):
            if record:
                record.written += written
