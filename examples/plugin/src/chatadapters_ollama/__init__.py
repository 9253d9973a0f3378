"""Ollama's own API as a backend of chatadapters: a JSON object a line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from chatadapters import (
    Backend,
    Failed,
    Finish,
    ProviderStreamError,
    Reader,
    Reasoning,
    Text,
    UnsupportedContentError,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from chatadapters import Message, Timeout

__all__ = ["OllamaBackend"]


@dataclass(frozen=True)
class OllamaBackend(Backend):
    """A model of an Ollama server.

    Attributes:
        model: The model's name, such as `"llama3.2"`.
        base_url: The server.

    Example:
        >>> from chatadapters import make_predict
        >>> predict = make_predict("ollama:llama3.2", temperature=0)
        >>> predict.build("Hi")["options"]
        {'temperature': 0}
    """

    name: ClassVar[str] = "ollama"
    model: str
    base_url: str = "http://127.0.0.1:11434"

    def build(self, conversation: Sequence[Message], options: Mapping[str, Any]) -> dict[str, Any]:
        """Give the body of the request."""
        for role, content in conversation:
            if not isinstance(content, str):
                raise UnsupportedContentError(f"a file in a message of {role!r}: ollama takes text")
        messages = [{"role": role, "content": content} for role, content in conversation]
        return {"model": self.model, "messages": messages, "stream": True, "options": {**options}}

    def reader(self) -> OllamaReader:
        """Give a fresh reader of lines."""
        return OllamaReader()

    def stream(self, payload: dict[str, Any], timeout: Timeout) -> Iterator[bytes]:
        """Send the body and yield blocks of bytes."""
        import httpx2

        waits = httpx2.Timeout(timeout.idle, connect=timeout.connect, read=timeout.first)
        with (
            httpx2.Client(timeout=waits) as client,
            client.stream(*self._post, json=payload) as got,
        ):
            if got.is_error:
                got.read()
            got.raise_for_status()
            yield from got.iter_bytes()

    async def astream(self, payload: dict[str, Any], timeout: Timeout) -> AsyncIterator[bytes]:
        """Do the same; the async twin of `stream`."""
        import httpx2

        waits = httpx2.Timeout(timeout.idle, connect=timeout.connect, read=timeout.first)
        async with (
            httpx2.AsyncClient(timeout=waits) as client,
            client.stream(*self._post, json=payload) as got,
        ):
            if got.is_error:
                await got.aread()
            got.raise_for_status()
            async for block in got.aiter_bytes():
                yield block

    @property
    def _post(self) -> tuple[str, str]:
        return "POST", f"{self.base_url.rstrip('/')}/api/chat"


class OllamaReader(Reader):
    """Reads lines of JSON, however they are cut into blocks."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[Any]:
        """Read the lines that are whole now."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [event for line in lines for event in _events(line)]

    def finish(self) -> list[Any]:
        """Read a last line without its end."""
        return _events(self._rest)


def _events(line: bytes) -> list[Any]:
    if not line.strip():
        return []
    try:
        said = json.loads(line)
    except ValueError:
        return [Failed(ProviderStreamError(f"not a line of JSON: {line[:80]!r}"))]
    if "error" in said:
        return [Failed(ProviderStreamError(str(said["error"])))]
    message = said.get("message", {})
    events: list[Any] = []
    if message.get("thinking"):
        events.append(Reasoning(message["thinking"]))
    if message.get("content"):
        events.append(Text(message["content"]))
    if said.get("done"):
        usage = Usage(said.get("prompt_eval_count"), said.get("eval_count"))
        events.append(Finish(said.get("done_reason") or "stop", usage))
    return events
