"""Make any language-model backend a `predict` function for any chat UI."""

from ._version import __version__ as __version__

TYPE_CHECKING = False  # type checkers take it for true; the one of `typing` costs its import

if TYPE_CHECKING:
    from ._backend import Backend, Reader
    from ._conversation import normalize
    from ._errors import (
        ChatAdaptersError,
        EmptyReplyError,
        HistoryError,
        IncompleteStreamError,
        InjectionError,
        LimitExceededError,
        MalformedStreamError,
        MissingDependencyError,
        OptionError,
        ProviderStreamError,
        StallError,
        StreamError,
        TemplateError,
        UnknownBackendError,
        UnsupportedContentError,
    )
    from ._events import (
        Done,
        Failed,
        Finish,
        Progress,
        Reasoning,
        Reply,
        Restarted,
        RetryScheduled,
        Text,
        Trimmed,
        Usage,
    )
    from ._factories import (
        echo_predict,
        huggingface_predict,
        langchain_predict,
        local_predict,
        openai_predict,
        text_generation_predict,
    )
    from ._fallback import fallback
    from ._http_errors import HTTPStatusError
    from ._parts import (
        AudioPart,
        FilePart,
        ImagePart,
        Message,
        TextPart,
        ToolCallPart,
        ToolResultPart,
    )
    from ._policies import Limits, Retry, Timeout, Window
    from ._predict import make_predict
    from ._protocols import AsyncPredict, Predict
    from .templates import DialogueTemplate, get_template

__all__ = [
    "AsyncPredict",
    "AudioPart",
    "Backend",
    "ChatAdaptersError",
    "DialogueTemplate",
    "Done",
    "EmptyReplyError",
    "Failed",
    "FilePart",
    "Finish",
    "HTTPStatusError",
    "HistoryError",
    "ImagePart",
    "IncompleteStreamError",
    "InjectionError",
    "LimitExceededError",
    "Limits",
    "MalformedStreamError",
    "Message",
    "MissingDependencyError",
    "OptionError",
    "Predict",
    "Progress",
    "ProviderStreamError",
    "Reader",
    "Reasoning",
    "Reply",
    "Restarted",
    "Retry",
    "RetryScheduled",
    "StallError",
    "StreamError",
    "TemplateError",
    "Text",
    "TextPart",
    "Timeout",
    "ToolCallPart",
    "ToolResultPart",
    "Trimmed",
    "UnknownBackendError",
    "UnsupportedContentError",
    "Usage",
    "Window",
    "echo_predict",
    "fallback",
    "get_template",
    "huggingface_predict",
    "langchain_predict",
    "local_predict",
    "make_predict",
    "normalize",
    "openai_predict",
    "text_generation_predict",
]

# From light to heavy: a name is looked up when it is first used, so that importing the package
# costs next to nothing.
_HOMES = (
    "_errors",
    "_policies",
    "_backend",
    "_predict",
    "_factories",
    "_protocols",
    "_events",
    "_http_errors",
    "_parts",
    "_conversation",
    "_fallback",
    "templates",
)


def __getattr__(name: str) -> object:
    from importlib import import_module

    for home in _HOMES if name in __all__ else ():
        module = import_module(f".{home}", __name__)
        if hasattr(module, name):
            if home == "_factories":  # with its backend, so that making a predict loads nothing
                import_module(f".backends.{name.removesuffix('_predict')}", __name__)
            value: object = getattr(module, name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
