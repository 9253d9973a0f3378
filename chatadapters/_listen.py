"""A socket that listens, or an error that says why none can."""

from __future__ import annotations

import socket

from ._errors import ChatAdaptersError

_WAITING = 2048


def listen(host: str, port: int) -> socket.socket:
    """Listen on an address.

    Args:
        host: A name or address; IPv6 with or without brackets.
        port: The port; 0 is any that is free.

    Raises:
        ChatAdaptersError: Nothing can listen there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), port), family=family, backlog=_WAITING)
    except (OSError, OverflowError) as error:
        raise ChatAdaptersError(
            f"cannot listen on {host}, port {port}: is it taken? ({error})"
        ) from error
