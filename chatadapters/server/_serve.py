"""Runs the app with uvicorn until it is told to stop."""

from __future__ import annotations

import signal
from contextlib import contextmanager, suppress
from threading import current_thread, main_thread
from typing import TYPE_CHECKING

from .._errors import OptionError
from .._listen import listen
from .._registry import missing

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Generator

    from starlette.applications import Starlette


def serve(
    app: Starlette,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    grace: int = 5,
    on_ready: Callable[[str], object] | None = None,
) -> None:
    """Run an app until Ctrl-C or SIGTERM.

    Then nobody new is let in, and replies that run have a grace to end; those that do not are
    told so by an error, as a status or as the last event of their stream.

    Args:
        app: What `asgi` gave.
        host: The address to listen on.
        port: The port to listen on; 0 takes a free one.
        grace: Seconds in which replies may end.
        on_ready: Called with the base URL for clients when connections are taken.

    Raises:
        OptionError: The app is a predict, or the port cannot be one.
        MissingDependencyError: uvicorn is not installed.
        ChatAdaptersError: Nothing can listen there.

    Example:
        >>> from chatadapters import echo_predict
        >>> from chatadapters.server import asgi, serve
        >>> def main():
        ...     serve(asgi({"parrot": echo_predict()}), port=8000)
    """
    if hasattr(app, "spec"):
        raise OptionError("serve runs an app: give it asgi(predict)")
    try:
        from uvicorn import Config, Server
    except ImportError as error:
        raise missing("uvicorn", "server") from error
    from ._head import BoundedHead

    config = Config(app, http=BoundedHead, log_level="error", timeout_graceful_shutdown=grace)
    server = Server(config)
    with listen(host, port) as listener, _ends_by_signal(), suppress(KeyboardInterrupt):
        if on_ready is not None:
            on_ready(_url(listener))
        server.run(sockets=[listener])


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"


@contextmanager
def _ends_by_signal() -> Generator[None, None, None]:
    """Let SIGTERM, which uvicorn raises again when it has ended, be a KeyboardInterrupt."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
