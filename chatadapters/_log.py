"""What the logger `chatadapters` is told of a reply; never a prompt, an answer or a key.

WARNING   an attempt failed and another one follows: the error's type, its HTTP status, the wait
DEBUG     an attempt begins; why one failed, in the provider's words, which may repeat a prompt;
          a reply has ended, with its attempts, characters and tokens
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from ._server_wait import status_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from logging import Logger

    from ._backend import Backend
    from ._events import Reply

NAME = "chatadapters"


def attempt_begins(number: int, backend: Backend) -> None:
    """Tell that an attempt begins."""
    if logger := _debugged():
        logger.debug("attempt %d begins: %s", number, backend.name)


def attempt_failed(number: int, wait: float, error: BaseException) -> None:
    """Tell that an attempt failed and another one follows."""
    status = status_of(error)
    kind = type(error).__name__ if status is None else f"{type(error).__name__} ({status})"
    logger = _logger()
    logger.warning("attempt %d failed, the next one follows in %.2f s: %s", number, wait, kind)
    logger.debug("attempt %d failed: %s", number, error)


def reply_ended(give: Callable[[], Reply]) -> None:
    """Tell how a reply ended: its finish, its error, or that its reader left."""
    logger = _debugged()
    if logger is None:
        return
    reply = give()
    if reply.error is not None:
        end = f"failed with {type(reply.error).__name__}"
    else:
        end = f"ended with {reply.finish_reason!r}" if reply.finish_reason else "was given up"
    told = (reply.backend, end, reply.attempts, len(reply.text), reply.usage)
    logger.debug("the reply of %s %s: attempts %d, characters %d, %s", *told)


def _debugged() -> Any:
    """Give the logger if somebody may listen; a program that imported no logging cannot."""
    logging = sys.modules.get("logging")
    if logging is None:
        return None
    logger = _logger()
    return logger if logger.isEnabledFor(logging.DEBUG) else None


@cache
def _logger() -> Logger:
    from logging import getLogger

    return getLogger(NAME)  # which waits for a lock of the whole process
