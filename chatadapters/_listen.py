"""A socket that listens, or an error that says why none can."""

from __future__ import annotations

import socket

from ._checks import is_whole
from ._errors import ChatAdaptersError, OptionError

_WAITING = 2048
_LAST_PORT = 65535


def listen(host: str, port: int) -> socket.socket:
    """Listen on an address.

    Args:
        host: A name or address; IPv6 with or without brackets.
        port: The port; 0 is any that is free.

    Raises:
        OptionError: The port cannot be one.
        ChatAdaptersError: Nothing can listen there.
    """
    if not (is_whole(0, port) and port <= _LAST_PORT):
        raise OptionError(f"port={port!r}: give a whole number up to {_LAST_PORT}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), port), family=family, backlog=_WAITING)
    except OSError as error:
        raise ChatAdaptersError(
            f"cannot listen on {host}, port {port}: is it taken? ({error})"
        ) from error
