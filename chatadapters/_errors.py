"""Every error that chatadapters raises itself; provider errors pass through as their own types.

ChatAdaptersError
  HistoryError (ValueError)           a message or history that cannot be read
  OptionError (ValueError)            an option that does not exist or has no such value
  UnsupportedContentError             a part that the backend cannot take
  TemplateError (ValueError)          a chat template that cannot be made or rendered
    InjectionError                    text that would forge a turn, with escape="error"
  HTTPStatusError                     a server of a wire we speak ourselves refused
  UnknownBackendError (LookupError)   a backend name nobody registered
  MissingDependencyError (ImportError)
  StreamError                         the reply failed; its text so far is in `partial`
    IncompleteStreamError             the stream ended before the provider said so
    EmptyReplyError                   finished without text, for a reason other than "stop"
    StallError (TimeoutError)         nothing came for too long
    ProviderStreamError               the provider reported an error inside the stream
    MalformedStreamError              the stream is not what the protocol promises
    LimitExceededError                the stream is larger than `Limits` allows
"""

from __future__ import annotations


class ChatAdaptersError(Exception):
    """Base of every error that chatadapters raises itself.

    Example:
        >>> from chatadapters import ChatAdaptersError, make_predict
        >>> try:
        ...     make_predict("opnai:gpt-4o-mini")
        ... except ChatAdaptersError as error:
        ...     print(error)
        no backend is named 'opnai': did you mean 'openai'? there are ...
    """


class HistoryError(ChatAdaptersError, ValueError):
    """A message or history cannot be read; the text shows the entry.

    Example:
        >>> from chatadapters import normalize
        >>> normalize("Hi", [42])
        Traceback (most recent call last):
        chatadapters._errors.HistoryError: history[0]...
    """


class OptionError(ChatAdaptersError, ValueError):
    """An option does not exist or cannot have this value; the text names it.

    Example:
        >>> from chatadapters import echo_predict
        >>> echo_predict(ends_with="end")
        Traceback (most recent call last):
        chatadapters._errors.OptionError: ends_with='end': give one of ('finish', 'done', 'close')
    """


class UnsupportedContentError(ChatAdaptersError):
    """A content part cannot be sent to this backend; the text names both.

    Example:
        >>> from chatadapters import ImagePart, text_generation_predict
        >>> predict = text_generation_predict("http://127.0.0.1:8080")
        >>> predict.build((ImagePart("data:image/png;base64,"),))
        Traceback (most recent call last):
        chatadapters._errors.UnsupportedContentError: ...
    """


class TemplateError(ChatAdaptersError, ValueError):
    """A chat template cannot be found, read or rendered.

    Example:
        >>> from chatadapters import get_template
        >>> get_template("starchatt")
        Traceback (most recent call last):
        chatadapters._errors.TemplateError: ...
    """


class InjectionError(TemplateError):
    """A text contains a control token of the template and `escape="error"` is set.

    Example:
        >>> from chatadapters import text_generation_predict
        >>> predict = text_generation_predict("http://127.0.0.1:8080", escape="error")
        >>> predict.build("Hi<|end|>")
        Traceback (most recent call last):
        chatadapters._errors.InjectionError: ...
    """


class UnknownBackendError(ChatAdaptersError, LookupError):
    """No backend is registered under this name; the text lists those that are.

    Example:
        >>> from chatadapters import make_predict
        >>> make_predict("nobody")
        Traceback (most recent call last):
        chatadapters._errors.UnknownBackendError: no backend is named 'nobody': there are ...
    """


class MissingDependencyError(ChatAdaptersError, ImportError):
    """An optional package is missing; the text is the command that installs it.

    Example:
        >>> from chatadapters import MissingDependencyError
        >>> issubclass(MissingDependencyError, ImportError)
        True
    """


class StreamError(ChatAdaptersError):
    """A reply failed.

    Args:
        message: What happened, and what to do.
        partial: As the attribute.

    Attributes:
        partial: The text of the reply so far, `""` when none came.
        final: Whether another attempt could not help.

    Example:
        >>> from chatadapters import Retry, StreamError, make_predict
        >>> from chatadapters.testing import ScriptedBackend
        >>> predict = make_predict(ScriptedBackend(["Half an "]), retry=Retry(attempts=1))
        >>> try:
        ...     predict.complete("Hi")
        ... except StreamError as error:
        ...     print(type(error).__name__, error.partial)
        IncompleteStreamError Half an
    """

    final = False

    def __init__(self, message: str, *, partial: str = "") -> None:
        super().__init__(message)
        self.partial = partial


class IncompleteStreamError(StreamError):
    """The stream ended before the provider said that the reply is finished.

    Example:
        >>> from chatadapters import Retry, make_predict
        >>> from chatadapters.testing import ScriptedBackend
        >>> make_predict(ScriptedBackend(["Half"]), retry=Retry(attempts=1)).complete("Hi")
        Traceback (most recent call last):
        chatadapters._errors.IncompleteStreamError: the stream ended before the provider said ...
    """


class EmptyReplyError(StreamError):
    """The reply finished without any text, for a reason other than `"stop"`.

    Example:
        >>> from chatadapters import Finish, make_predict
        >>> from chatadapters.testing import ScriptedBackend
        >>> list(make_predict(ScriptedBackend([Finish("length")]))("Hi"))
        Traceback (most recent call last):
        chatadapters._errors.EmptyReplyError: the reply has no text: it finished with 'length'
    """

    final = True


class StallError(StreamError, TimeoutError):
    """No content came within the time that `Timeout` allows.

    Example:
        >>> from chatadapters import Retry, Timeout, make_predict
        >>> from chatadapters.testing import Pause, ScriptedBackend
        >>> backend = ScriptedBackend([Pause(5), "late"])
        >>> predict = make_predict(backend, timeout=Timeout(first=0.05), retry=Retry(attempts=1))
        >>> predict.complete("Hi")
        Traceback (most recent call last):
        chatadapters._errors.StallError: ...
    """


class ProviderStreamError(StreamError):
    """The provider reported an error inside an open stream.

    Args:
        message: What the provider said.
        partial: As in `StreamError`.
        status: As the attribute.
        code: As the attribute.

    Attributes:
        status: The HTTP status that the provider names for it, or None.
        code: The provider's own error code or type, or None.

    Example:
        >>> ProviderStreamError("overloaded", status=503, code="server_error").status
        503
    """

    def __init__(
        self,
        message: str,
        *,
        partial: str = "",
        status: int | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, partial=partial)
        self.status = status
        self.code = code


class MalformedStreamError(StreamError):
    """What came is not what the protocol promises: HTML, broken JSON, not a stream.

    Example:
        >>> from chatadapters import MalformedStreamError, StreamError
        >>> issubclass(MalformedStreamError, StreamError)
        True
    """


class LimitExceededError(StreamError):
    """The stream is larger than `Limits` allows.

    Example:
        >>> from chatadapters import Limits, echo_predict
        >>> echo_predict(limits=Limits(reply=3)).complete("hello")
        Traceback (most recent call last):
        chatadapters._errors.LimitExceededError: the reply is longer than 3 characters; ...
    """

    final = True
