"""One request of the openai backend, in both colours, and what its server answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chatadapters import Message, Timeout
from chatadapters.backends.openai import OpenAIBackend
from tests.backends.served import event

KEY = "sk-test-0123456789"
HI = [Message("user", "Hi")]
REPLY = [
    event({"choices": [{"delta": {"content": "Your name "}}]}),
    event({"choices": [{"delta": {"content": "is Ada."}, "finish_reason": "stop"}]}),
    event("[DONE]"),
]

Fetch = Callable[..., bytes]


def fetch_sync(backend: OpenAIBackend, **options: object) -> bytes:
    """Give all bytes of an answer."""
    try:
        return b"".join(backend.stream(backend.build(HI, options), Timeout()))
    finally:
        backend.close()


def fetch_async(backend: OpenAIBackend, **options: object) -> bytes:
    """Give all bytes of an answer, by the async twin."""

    async def blocks() -> list[bytes]:
        payload = backend.build(HI, options)
        try:
            return [block async for block in backend.astream(payload, Timeout())]
        finally:
            await backend.aclose()

    return b"".join(asyncio.run(blocks()))
