"""What a dialect is: how one API names the events of a reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from .answers import Event, json_event


class Parts(NamedTuple):
    """The events of a reply: before the text, the text, its end, and what follows the end."""

    head: list[Event]
    texts: list[Event]
    tail: list[Event]
    after: list[Event]

    @property
    def events(self) -> list[Event]:
        """All events in order."""
        return [*self.head, *self.texts, *self.tail, *self.after]

    def until(self, texts: int) -> list[Event]:
        """The events up to and with this many pieces of text."""
        return [*self.head, *self.texts[:texts]]


class Dialect:
    """How one API names the events of a reply.

    Attributes:
        name: What `FaultServer.url` takes.
        base: The end of a base URL for this API.
        paths: The ends of the request paths that belong to it.
    """

    name: ClassVar[str]
    base: ClassVar[str] = "/v1"
    paths: ClassVar[tuple[str, ...]]

    def reply(self, deltas: Sequence[str], reason: str = "stop") -> Parts:
        """Give the events of a whole reply."""
        raise NotImplementedError

    def error(self, message: str, code: str | int = "server_error") -> Event:
        """Give the event that reports an error inside a stream."""
        kind = code if isinstance(code, str) else "server_error"
        return json_event({"error": {"message": message, "type": kind, "code": code}})

    def error_body(self, message: str, code: str = "server_error") -> dict[str, Any]:
        """Give the JSON body of an HTTP error."""
        return {"error": {"message": message, "type": code, "param": None, "code": code}}

    def completion(self, text: str) -> dict[str, Any]:
        """Give the JSON object that answers a request without `stream`."""
        raise NotImplementedError

    def continued(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # some APIs cannot
        """Give the text at whose end the request asks to go on, `""` when it does not ask."""
        return ""
