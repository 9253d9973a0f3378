"""Event hooks of the SDK's HTTP clients: no body of an error is endless, no other origin gets any.

The SDK reads the body of an error whole into memory and follows redirects wherever they lead.
"""

from __future__ import annotations

import json
import sys
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from types import ModuleType

_MOST_BYTES = 32 * 1024
_PORTS = {"http": 80, "https": 443}


def answered(response: Any) -> None:
    """Check an answer before the SDK sees it; for the event hook `response`."""
    if response.is_success:
        return
    said = bytearray()
    for block in response.stream:
        said += block
        if len(said) > _MOST_BYTES:
            break
    response.stream.close()
    _leave(response, said)


async def async_answered(response: Any) -> None:
    """Check an answer before the SDK sees it; the async twin of `answered`."""
    if response.is_success:
        return
    said = bytearray()
    async for block in response.stream:
        said += block
        if len(said) > _MOST_BYTES:
            break
    await response.stream.aclose()
    _leave(response, said)


def _leave(response: Any, said: bytearray) -> None:
    """Leave the SDK no more than it may have."""
    coding = response.headers.pop("content-encoding", "")
    body = _unpacked(said, coding) if coding else bytes(said[:_MOST_BYTES])
    target = response.headers.get("location", "")
    if response.has_redirect_location and _leads_elsewhere(str(response.url), target):
        body = _refusal(target)
        response.headers.pop("location")
    response.stream = http_library(response).ByteStream(body)


def http_library(thing: Any) -> ModuleType:
    """Give httpx2 or httpx, whichever the SDK is built on.

    Args:
        thing: A class or an object of that library.
    """
    kind = thing if isinstance(thing, type) else type(thing)
    return sys.modules[kind.__module__.partition(".")[0]]


def _unpacked(said: bytearray, coding: str) -> bytes:
    """Unpack the beginning of a body; what is packed in ways nobody asked for says nothing."""
    if coding.strip().lower() == "identity":
        return bytes(said[:_MOST_BYTES])
    for bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # deflate may come without its own head
        with suppress(zlib.error):
            return zlib.decompressobj(bits).decompress(said, _MOST_BYTES)
    return b""


def _refusal(target: str) -> bytes:
    """Say in the form of the API's errors why the redirect is not followed."""
    shown = target.partition("?")[0][:200]
    message = (
        f"the server redirects to {shown!r}, another origin, which does not get the conversation; "
        "if that is right, give it as base_url"
    )
    return json.dumps({"error": {"message": message}}).encode()


def _leads_elsewhere(url: str, target: str) -> bool:
    try:
        return _origin(urljoin(url, target)) != _origin(url)
    except ValueError:  # no URL at all
        return True


def _origin(url: str) -> tuple[object, ...]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
