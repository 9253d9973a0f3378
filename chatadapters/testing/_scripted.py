"""A backend that plays replies written down beforehand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from threading import Event as Flag
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, get_args

from .._backend import Backend, Reader
from .._checks import is_above
from .._errors import OptionError
from .._events import Finish, ReaderEvent, Text

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping, Sequence

    from .._parts import Message
    from .._policies import Timeout


@dataclass(frozen=True)
class Pause:
    """A silence of the provider.

    Attributes:
        seconds: How long it is.

    Example:
        >>> from chatadapters import make_predict
        >>> predict = make_predict(ScriptedBackend([Pause(0.01), "Hi.", Finish("stop")]))
        >>> predict.complete("Hello").text
        'Hi.'
    """

    seconds: float

    def __post_init__(self) -> None:
        if not is_above(0, self.seconds, or_equal=True):
            raise OptionError(f"Pause({self.seconds!r}): give a number of seconds, 0 or more")


Step: TypeAlias = "str | ReaderEvent | BaseException | Pause"


@dataclass(frozen=True)
class ScriptedBackend(Backend):
    """Plays one script for each request; the last one is played again and again.

    A script is a string, streamed word by word and finished, or a sequence of steps: strings
    and events come as chunks, an exception is raised, a `Pause` is a silence. A sequence that
    has no `Finish` is a stream that merely ends.

    Attributes:
        scripts: What to play; an `OptionError` says what cannot be.
        requests: The payloads that were sent, in order.
        closed: How many streams have ended or were closed.

    Example:
        >>> from chatadapters import Finish, make_predict
        >>> backend = ScriptedBackend(["Hel", ConnectionResetError()], "Hello you")
        >>> predict = make_predict(backend)
        >>> list(predict("Hi", []))[-1]
        'Hello you'
        >>> len(backend.requests)
        2
    """

    name: ClassVar[str] = "scripted"
    scripts: tuple[str | Sequence[Step], ...]
    requests: list[Any] = field(compare=False)
    closed: list[None] = field(compare=False, repr=False)

    def __init__(self, *scripts: str | Sequence[Step]) -> None:
        if not scripts:
            raise OptionError("ScriptedBackend() needs at least one script")
        for script in scripts:
            _check(script)
        object.__setattr__(self, "scripts", scripts)
        object.__setattr__(self, "requests", [])
        object.__setattr__(self, "closed", [])

    def build(self, conversation: Sequence[Message], options: Mapping[str, Any]) -> dict[str, Any]:
        """Give the messages as role and content, and the options."""
        messages = [{"role": role, "content": content} for role, content in conversation]
        return {"messages": messages, **options}

    def reader(self) -> Reader:
        """Give a reader of steps."""
        return _StepReader()

    def stream(self, payload: Any, timeout: Timeout) -> _Steps:  # noqa: ARG002
        """Play the next script."""
        return _Steps(self, self._next(payload))

    async def astream(self, payload: Any, timeout: Timeout) -> AsyncGenerator[Step, None]:  # noqa: ARG002
        """Play the next script; the async twin of `stream`."""
        from asyncio import sleep

        try:
            for step in self._next(payload):
                if isinstance(step, BaseException):
                    raise step
                if isinstance(step, Pause):
                    await sleep(step.seconds)
                else:
                    yield step
        finally:
            self.closed.append(None)

    def _next(self, payload: Any) -> Sequence[Step]:
        self.requests.append(payload)
        script = self.scripts[min(len(self.requests), len(self.scripts)) - 1]
        return script if not isinstance(script, str) else (*_words(script), Finish("stop"))


class _Steps:
    """The steps of one script, as a stream that can be aborted while it is silent."""

    def __init__(self, backend: ScriptedBackend, steps: Sequence[Step]) -> None:
        self._closed, self._aborted = backend.closed, Flag()
        self._steps = self._play(steps)

    def __iter__(self) -> _Steps:
        return self

    def __next__(self) -> Step:
        return next(self._steps)

    def abort(self) -> None:
        self._aborted.set()

    def close(self) -> None:
        self._steps.close()
        self._closed.append(None)

    def _play(self, steps: Sequence[Step]) -> Generator[Step, None, None]:
        for step in steps:
            if isinstance(step, BaseException):
                raise step
            if not isinstance(step, Pause):
                yield step
            elif self._aborted.wait(step.seconds):
                return


class _StepReader(Reader):
    def feed(self, chunk: str | ReaderEvent) -> Sequence[ReaderEvent]:
        return (Text(chunk),) if isinstance(chunk, str) else (chunk,)


def _check(script: Any) -> None:
    if not isinstance(script, (str, list, tuple)):
        raise OptionError(f"a script is {script!r}: give a string, or a list of steps")
    known = (str, BaseException, Pause, *get_args(ReaderEvent))
    for step in script:
        if not isinstance(step, known):
            raise OptionError(
                f"a step is {step!r}: give a string, an event such as Finish('stop'), an "
                "exception such as ConnectionResetError(), or a Pause"
            )


def _words(text: str) -> list[str]:
    return re.findall(r"\s*\S+|\s+$", text)
