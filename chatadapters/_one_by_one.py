"""Lets replies begin one by one in asyncio, so that those under way are served in between.

To begin takes a hundred times what a token takes. A thousand that begin at once would keep the
event loop to themselves for seconds, and none would be answered before all had asked.
"""

from __future__ import annotations

import asyncio
from collections import deque
from threading import local
from time import thread_time

_SECONDS = 0.001
_MOST = 30  # in one turn, such as that after a garbage collection of a tenth of a second

_thread = local()


async def one_by_one() -> None:
    """Wait for those that came before; alone, go on at once."""
    loop = asyncio.get_running_loop()
    line = getattr(_thread, "line", None)
    if line is None or line.loop is not loop:  # that of a loop which was closed may be left
        _thread.line = _Line(loop)
    else:
        await line.turn()


class _Line:
    """Those that wait to begin in one event loop.

    One begins in each turn of the loop, and one more for each `_SECONDS` of work in that turn, so
    that a loop which is busy with replies under way does not keep the others from beginning; but at
    most `_MOST`, for which those under way have to wait.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._began = thread_time()
        loop.call_soon(self._next)

    def turn(self) -> asyncio.Future[None]:
        """Give what is done when the next one may begin."""
        turn: asyncio.Future[None] = self.loop.create_future()
        self._waiting.append(turn)
        return turn

    def _next(self) -> None:
        if not self._waiting:
            _thread.line = None
            return
        began, self._began = self._began, thread_time()
        more = min(1 + int((self._began - began) / _SECONDS), _MOST)
        while self._waiting and more:
            turn = self._waiting.popleft()
            if not turn.done():  # its reply was stopped meanwhile
                turn.set_result(None)
                more -= 1
        self.loop.call_soon(self._next)
