"""What a SOCKS proxy is told, so that it connects to a server (RFC 1928, 1929). Pure."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import httpx2

from ._errors import MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import TypeAlias

    from ._proxies import Origin

    #: What is said to a proxy: yields what is sent, nothing to read on, and gets what came.
    Talk: TypeAlias = Generator[bytes, bytes, None]

_FIXED = 4
_IPV4, _NAME, _IPV6 = 1, 3, 4


def check_installed() -> None:
    """Check that socksio is there, which knows what is to be said.

    Raises:
        MissingDependencyError: It is not.
    """
    if find_spec("socksio") is None:
        raise MissingDependencyError('a SOCKS proxy needs socksio: `pip install "httpx2[socks]"`')


def ask_socks(origin: Origin, auth: tuple[bytes, bytes] | None) -> Talk:
    """Ask a SOCKS proxy for a connection to a server, whose name it looks up itself."""
    from socksio import ProtocolError, socks5

    ways = socks5.SOCKS5AuthMethod
    way = ways.NO_AUTH_REQUIRED if auth is None else ways.USERNAME_PASSWORD
    talk: Any = socks5.SOCKS5Connection()  # its methods have no types that can be checked
    try:
        talk.send(socks5.SOCKS5AuthMethodsRequest([way]))
        chosen = talk.receive_data((yield from _exactly(talk.data_to_send(), _two)))
        if chosen.method != way:
            wants = "wants a name and password: socks5://name:password@host"
            raise httpx2.ProxyError(
                f"the SOCKS proxy {wants if auth is None else 'takes no name and password'}"
            )
        if auth is not None:
            talk.send(socks5.SOCKS5UsernamePasswordRequest(*auth))
            checked = talk.receive_data((yield from _exactly(talk.data_to_send(), _two)))
            if not checked.success:
                raise httpx2.ProxyError("the SOCKS proxy refuses the user's name or password")
        command = socks5.SOCKS5Command.CONNECT
        server = (origin.host, origin.port)
        talk.send(socks5.SOCKS5CommandRequest.from_address(command, server))
        reply = talk.receive_data((yield from _exactly(talk.data_to_send(), _size_of_reply)))
    except ProtocolError as error:
        raise httpx2.ProxyError(f"the SOCKS proxy does not speak SOCKS 5 ({error})") from error
    except OverflowError:
        raise httpx2.ProxyError("a SOCKS proxy takes names of 255 bytes at most") from None
    if reply.reply_code != socks5.SOCKS5ReplyCode.SUCCEEDED:
        why = reply.reply_code.name.lower().replace("_", " ")
        raise httpx2.ProxyError(f"the SOCKS proxy could not connect: {why}")


def _exactly(said: bytes, size: Callable[[bytes], int]) -> Generator[bytes, bytes, bytes]:
    """Say something and read an answer, however it is cut.

    Args:
        said: What is sent.
        size: Gives the size of the answer, by as much of it as came.
    """
    came = b""
    while len(came) < size(came):
        data = yield said
        if not data:
            raise httpx2.ProxyError("the SOCKS proxy has closed the connection")
        said, came = b"", came + data
    return came


def _two(_came: bytes) -> int:
    return 2


def _size_of_reply(came: bytes) -> int:
    """Give the size of the answer to a command (RFC 1928, section 6): 4 bytes, address, port."""
    if len(came) <= _FIXED:
        return _FIXED + 1
    kind, size = came[_FIXED - 1], came[_FIXED]
    return _FIXED + {_IPV4: 4, _NAME: 1 + size, _IPV6: 16}.get(kind, 0) + 2
