"""What happens in a reply, as values: what readers give, what `predict.events` yields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Text:
    """New text of the answer.

    Attributes:
        delta: What is new, never empty.

    Example:
        >>> from chatadapters import echo_predict
        >>> next(echo_predict().events("hello"))
        Text(delta='hello')
    """

    delta: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """New text of the model's reasoning.

    Attributes:
        delta: What is new, never empty.

    Example:
        >>> from chatadapters import Reasoning, make_predict
        >>> from chatadapters.testing import ScriptedBackend
        >>> predict = make_predict(ScriptedBackend("<think>Hm.</think>Yes."))
        >>> "".join(e.delta for e in predict.events("Hi") if isinstance(e, Reasoning))
        'Hm.'
    """

    delta: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens a reply took, as the provider counted them; None where it did not say.

    Attributes:
        input_tokens: Tokens of the prompt, cached ones included.
        output_tokens: Tokens of the reply, reasoning included.
        reasoning_tokens: How many of the output tokens were reasoning.
        cached_tokens: How many of the input tokens the provider had in its cache.

    Example:
        >>> Usage(input_tokens=12, output_tokens=5).output_tokens
        5
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of a reply, as the provider named it.

    Attributes:
        reason: `"stop"`, `"length"`, `"content_filter"`, `"tool_calls"`, `"refusal"`,
            `"images"` or `"audio"` (nothing else came, and they are not kept) or `"unknown"`; a
            reason that is none of these passes through as it came.
        usage: The tokens it took, or None when unknown.
        backend: The name of the backend that answered.
        tool_calls: Calls the model asks for, in the form of OpenAI's chat messages:
            `{"id": ..., "type": "function", "function": {"name": ..., "arguments": ...}}`.

    Example:
        >>> from chatadapters import echo_predict
        >>> [*echo_predict().events("hello")][-1].reason
        'stop'
    """

    reason: str
    usage: Usage | None = None
    backend: str = ""
    tool_calls: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """The server's own mark that nothing follows, such as `[DONE]`; only readers give it.

    Example:
        >>> from chatadapters import Done, make_predict
        >>> from chatadapters.testing import ScriptedBackend
        >>> predict = make_predict(ScriptedBackend(["Yes.", Done()]), ends_with="done")
        >>> predict.complete("Hi").finish_reason
        'unknown'
    """


@dataclass(frozen=True, slots=True)
class Progress:
    """Content that is not text, such as a piece of a tool call; only readers give it.

    It keeps the idle clock from running and counts against `Limits.reply`.

    Attributes:
        size: Its length in characters.

    Example:
        >>> Progress(size=12).size
        12
    """

    size: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The stream is broken from here on; only readers give it, after what came before it.

    Attributes:
        error: What the reply fails with, unless another attempt follows.

    Example:
        >>> from chatadapters import ProviderStreamError
        >>> Failed(ProviderStreamError("overloaded", status=503)).error.status
        503
    """

    error: Exception


@dataclass(frozen=True, slots=True)
class RetryScheduled:
    """An attempt failed and another one follows.

    Attributes:
        attempt: The number of the attempt that failed, from 1.
        wait: Seconds until the next one.
        error: Why it failed.

    Example:
        >>> from chatadapters import RetryScheduled, Retry, make_predict
        >>> from chatadapters.testing import ScriptedBackend
        >>> backend = ScriptedBackend([ConnectionResetError("gone")], "Here I am.")
        >>> predict = make_predict(backend, retry=Retry(wait=0.01))
        >>> [e.error for e in predict.events("Hi") if isinstance(e, RetryScheduled)]
        [ConnectionResetError('gone')]
    """

    attempt: int
    wait: float
    error: BaseException


@dataclass(frozen=True, slots=True)
class Restarted:
    """The reply begins again: discard all text that came before.

    A reader gives it too, with any number, where a call within its attempt failed and another took
    its place; what stays of the text is given again behind it.

    Attributes:
        attempt: The number of the attempt whose text begins; from 2, unless its reader began again.

    Example:
        >>> from chatadapters import Restarted, Retry, make_predict
        >>> from chatadapters.testing import ScriptedBackend
        >>> backend = ScriptedBackend(["Hel", ConnectionResetError()], "Hello you")
        >>> predict = make_predict(backend, retry=Retry(wait=0.01))
        >>> [e for e in predict.events("Hi") if isinstance(e, Restarted)]
        [Restarted(attempt=2)]
    """

    attempt: int


@dataclass(frozen=True, slots=True)
class Trimmed:
    """The oldest part of the history was left out to fit the window.

    Attributes:
        messages: How many messages were left out.
        tokens: How many tokens the rest has by the window's counter, or None if not counted.

    Example:
        >>> from chatadapters import Window, echo_predict
        >>> predict = echo_predict(window=Window(turns=1))
        >>> next(predict.events("Hi", [["One", "Two"]]))
        Trimmed(messages=2, tokens=None)
    """

    messages: int
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply.

    Attributes:
        text: The answer.
        reasoning: The model's reasoning, `""` when it gave none.
        finish_reason: As in `Finish`; None when the provider had not finished the reply.
        usage: The tokens it took, or None when unknown (an aborted reply never knows).
        tool_calls: As in `Finish`.
        attempts: How many requests were made.
        backend: The name of the backend that answered.
        error: Why it failed, or None.

    Example:
        >>> from chatadapters import echo_predict
        >>> reply = echo_predict().complete("hello")
        >>> reply.text, reply.finish_reason, reply.attempts
        ('hello', 'stop', 1)
    """

    text: str = ""
    reasoning: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None
    tool_calls: tuple[dict[str, Any], ...] = ()
    attempts: int = 1
    backend: str = ""
    error: BaseException | None = field(default=None, compare=False)


#: Gives a line to append to the text of a reply that has ended so, or None.
Notice: TypeAlias = "Callable[[Finish], str | None]"
ReaderEvent: TypeAlias = Text | Reasoning | Progress | Usage | Finish | Done | Failed | Restarted
Event: TypeAlias = Text | Reasoning | Finish | RetryScheduled | Restarted | Trimmed
