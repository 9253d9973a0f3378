"""Timeouts in asyncio that count no time in which the event loop had other things to do first.

A loop that was busy for longer than a timeout finds its end and what came meanwhile at once, and a
result passes through several callbacks before the task that waits for it runs. So a wait is over
only after the loop has turned a few times more, which takes an idle one no time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_TURNS = 10


def after_turns(
    call: Callable[[], object], turns: int = _TURNS, unless: Callable[[], bool] | None = None
) -> None:
    """Call a function when the running loop has turned so often.

    Args:
        call: The function.
        turns: How often.
        unless: Says whether it need not be called any more; then the loop need not turn either.
    """
    if unless is not None and unless():
        return
    if turns:
        asyncio.get_running_loop().call_soon(after_turns, call, turns - 1, unless)
    else:
        call()


class Bound:
    """A context in which a task may wait for so long, as `asyncio.timeout` is.

    Args:
        seconds: How long, None for ever.

    Raises:
        TimeoutError: The time is over.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._timeout = asyncio.timeout(None)
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()
        if self._seconds is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._seconds, after_turns, self._over)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            await self._timeout.__aexit__(kind, error, traceback)
        except TimeoutError:
            raise TimeoutError("timed out") from None

    def _over(self) -> None:
        if self._timer is not None:
            self._timeout.reschedule(asyncio.get_running_loop().time())
