"""The backend that answers with the message itself: for trying a UI without a model."""

from __future__ import annotations

from dataclasses import dataclass
from time import sleep
from typing import TYPE_CHECKING, Any, ClassVar

from .._backend import Backend
from .._errors import OptionError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping, Sequence

    from .._parts import Message
    from .._policies import Timeout
    from ._echo_reader import EchoReader


@dataclass(frozen=True)
class EchoBackend(Backend):
    """Streams the message back, letter by letter.

    Attributes:
        delay: Seconds between two letters.
    """

    name: ClassVar[str] = "echo"
    delay: float = 0.0

    def __post_init__(self) -> None:
        number = isinstance(self.delay, (int, float))  # pyright: ignore[reportUnnecessaryIsInstance]
        if not (number and self.delay >= 0):
            raise OptionError(f"delay={self.delay!r}: give seconds, 0 or more")

    def build(self, conversation: Sequence[Message], options: Mapping[str, Any]) -> str:
        """Give the text of the last message."""
        from .._content import text_of

        unknown = sorted(options.keys() - {"stop"})
        if unknown:
            raise OptionError(f"the echo backend has no option {unknown[0]!r}; it takes delay=")
        return text_of(conversation[-1].content, backend=self.name)

    def reader(self) -> EchoReader:
        """Give a reader of letters."""
        from ._echo_reader import EchoReader

        return EchoReader()

    def stream(self, payload: str, timeout: Timeout) -> Generator[str, None, None]:  # noqa: ARG002
        """Yield the text, whole or letter by letter."""
        for piece in self._pieces(payload):
            if self.delay:
                sleep(self.delay)
            yield piece

    async def astream(self, payload: str, timeout: Timeout) -> AsyncGenerator[str, None]:  # noqa: ARG002
        """Yield the text, whole or letter by letter; the async twin of `stream`."""
        from asyncio import sleep as asleep

        for piece in self._pieces(payload):
            if self.delay:
                await asleep(self.delay)
            yield piece

    def _pieces(self, text: str) -> Sequence[str]:
        return text if self.delay else (text,)
