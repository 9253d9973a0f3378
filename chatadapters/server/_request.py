"""What a client asks for: the body of a request, checked and put into our terms. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._conversation import read_conversation
from .._errors import HistoryError, OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._protocols import AsyncPredict, Predict

#: Request fields that say how the answer travels, or who asks; they are no options of a model.
_NOT_OPTIONS = frozenset(
    {
        "model", "messages", "prompt", "stream", "stream_options", "n", "stop", "user", "store",
        "metadata", "service_tier", "safety_identifier", "prompt_cache_key", "echo", "best_of",
        "suffix",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One checked request.

    Attributes:
        predict: Who answers.
        model: The name under which it was asked for.
        message: The last message.
        history: The messages before it.
        stream: Whether the answer is to come as a stream of events.
        include_usage: Whether the stream ends with the usage.
        chat: Whether it came to the chat route, and not to the one of raw completions.
    """

    predict: AsyncPredict
    model: str
    message: Any
    history: list[Any] = field(default_factory=list)
    stream: bool = False
    include_usage: bool = False
    chat: bool = True


class UnknownModelError(OptionError):
    """The request names a model that is not served."""


def read_request(body: Any, predicts: Mapping[str, Predict], *, chat: bool) -> Asked:
    """Check the body of a request and put it into our terms.

    Args:
        body: The JSON of the request.
        predicts: Who can answer, by model name.
        chat: Whether it came to the chat route.

    Returns:
        What was asked.

    Raises:
        UnknownModelError: No such model is served.
        OptionError: A field has a value that it cannot have.
        HistoryError: The messages cannot be read.
    """
    if not isinstance(body, dict):
        raise OptionError("the body of the request must be a JSON object")
    model = _field(body, "model", str, "")
    if model not in predicts:
        raise UnknownModelError(f"there is no model {model!r}; there are {', '.join(predicts)}")
    if body.get("n") not in (None, 1):
        raise OptionError("n: a reply is one choice; ask again for another one")
    message, history = _messages(body) if chat else (_prompt(body), [])
    stream_options = _field(body, "stream_options", dict, {})
    return Asked(
        predict=_with_options(predicts[model], body),
        model=model,
        message=message,
        history=history,
        stream=_field(body, "stream", bool, default=False),
        include_usage=bool(stream_options.get("include_usage")),
        chat=chat,
    )


def _field(body: Mapping[str, Any], name: str, kind: type, default: Any) -> Any:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, kind):
        raise OptionError(f"{name}: give a {kind.__name__}, not {value!r:.80}")
    return value


def _messages(body: Mapping[str, Any]) -> tuple[Any, list[Any]]:
    messages = _field(body, "messages", list, [])
    if not messages:
        raise HistoryError("messages: give at least one message")
    if not all(isinstance(message, dict) for message in messages):
        raise HistoryError("messages: give objects with a role and a content")
    conversation = read_conversation(messages, allowed_roots=())
    if not conversation or conversation[-1].role != "user":
        raise HistoryError("messages: the last one must be the user's, and not be empty")
    return conversation[-1], conversation[:-1]


def _prompt(body: Mapping[str, Any]) -> str:
    prompt = body.get("prompt")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str) or not prompt:
        raise HistoryError("prompt: give one text")
    return prompt


def _with_options(predict: Predict, body: Mapping[str, Any]) -> AsyncPredict:
    """Give the predict with those request options that its backend takes, in its own names."""
    names = predict.backend.request_options()
    options = {
        names[name]: value
        for name, value in body.items()
        if name in names and name not in _NOT_OPTIONS and value is not None
    }
    if stop := body.get("stop"):
        options["stop"] = _stops(stop)
    return predict.aio.using(**options) if options else predict.aio


def _stops(stop: Any) -> list[str]:
    stops = [stop] if isinstance(stop, str) else stop
    if not isinstance(stops, list) or not all(isinstance(s, str) and s for s in stops):
        raise OptionError(f"stop: give a text or a list of texts, not {stop!r:.80}")
    return stops
