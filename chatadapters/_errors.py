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
    """Base of every error that chatadapters raises itself."""


class HistoryError(ChatAdaptersError, ValueError):
    """A message or history cannot be read; the text shows the entry."""


class OptionError(ChatAdaptersError, ValueError):
    """An option does not exist or cannot have this value; the text names it."""


class UnsupportedContentError(ChatAdaptersError):
    """A content part cannot be sent to this backend; the text names both."""


class TemplateError(ChatAdaptersError, ValueError):
    """A chat template cannot be found, read or rendered."""


class InjectionError(TemplateError):
    """A text contains a control token of the template and `escape="error"` is set."""


class UnknownBackendError(ChatAdaptersError, LookupError):
    """No backend is registered under this name; the text lists those that are."""


class MissingDependencyError(ChatAdaptersError, ImportError):
    """An optional package is missing; the text is the command that installs it."""


class StreamError(ChatAdaptersError):
    """A reply failed.

    Attributes:
        partial: The text of the reply so far, `""` when none came.
        final: Whether another attempt could not help.
    """

    final = False

    def __init__(self, message: str, *, partial: str = "") -> None:
        super().__init__(message)
        self.partial = partial


class IncompleteStreamError(StreamError):
    """The stream ended before the provider said that the reply is finished."""


class EmptyReplyError(StreamError):
    """The reply finished without any text, for a reason other than `"stop"`."""

    final = True


class StallError(StreamError, TimeoutError):
    """No content came within the time that `Timeout` allows."""


class ProviderStreamError(StreamError):
    """The provider reported an error inside an open stream.

    Attributes:
        status: The HTTP status that the provider names for it, or None.
        code: The provider's own error code or type, or None.
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
    """What came is not what the protocol promises: HTML, broken JSON, not a stream."""


class LimitExceededError(StreamError):
    """The stream is larger than `Limits` allows."""

    final = True
