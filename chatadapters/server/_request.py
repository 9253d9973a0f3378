"""What a client asks for: the body of a request, checked and put into our terms. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ._errors import RefusedError
from ._fields import NEEDED, check_fields
from ._messages import read_messages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._protocols import AsyncPredict, Predict

#: Request fields that say how the answer travels, or who asks; they are no options of a model.
_NOT_OPTIONS = frozenset(
    {
        "model", "messages", "prompt", "stream", "stream_options", "n", "stop", "user", "store",
        "metadata", "service_tier", "safety_identifier", "prompt_cache_key", "echo", "best_of",
        "suffix", "logprobs", "top_logprobs", "modalities",
    }
)  # fmt: skip
#: Two names for one thing, of which a provider takes one at a time.
_LENGTHS = frozenset({"max_tokens", "max_completion_tokens"})


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
        left_out: The fields that have no effect, because the backend has no such option.
        chat: Whether it came to the chat route, and not to the one of raw completions.
    """

    predict: AsyncPredict
    model: str
    message: Any
    history: list[Any] = field(default_factory=list)
    stream: bool = False
    include_usage: bool = False
    left_out: tuple[str, ...] = ()
    chat: bool = True


def read_request(body: Any, predicts: Mapping[str, Predict], *, chat: bool) -> Asked:
    """Check the body of a request and put it into our terms.

    Args:
        body: The JSON of the request.
        predicts: Who can answer, by model name.
        chat: Whether it came to the chat route.

    Returns:
        What was asked.

    Raises:
        RefusedError: No such model is served, or a field has a value that it cannot have here.
        HistoryError: The messages cannot be read.
    """
    if not isinstance(body, dict):
        raise RefusedError(400, "the body of the request must be a JSON object")
    check_fields(body, chat=chat)
    model = body["model"]
    if model not in predicts:
        raise no_model(model, predicts)
    message, history = read_messages(body.get("messages")) if chat else (_prompt(body), [])
    return Asked(
        predict=_with_options(predicts[model], body, model),
        model=model,
        message=message,
        history=history,
        stream=bool(body.get("stream")),
        include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
        left_out=_left_out(body, predicts[model]),
        chat=chat,
    )


def no_model(name: str, predicts: Mapping[str, Predict]) -> RefusedError:
    """Give the error for a model that nobody serves."""
    message = f"there is no model {name!r:.80}; there are {', '.join(predicts)}"
    return RefusedError(404, message, code="model_not_found", param="model")


def _left_out(body: Mapping[str, Any], predict: Predict) -> tuple[str, ...]:
    known = {*predict.backend.request_options(), *_NOT_OPTIONS, *NEEDED}
    return tuple(name for name, value in body.items() if name not in known and value is not None)


def _prompt(body: Mapping[str, Any]) -> str:
    prompt = body.get("prompt")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str) or not prompt:
        raise RefusedError(400, "prompt: give one text", param="prompt")
    return prompt


def _with_options(predict: Predict, body: Mapping[str, Any], model: str) -> AsyncPredict:
    """Give the predict with those request options that its backend takes, in its own names."""
    names = predict.backend.request_options()
    for name in NEEDED:
        if name not in names and body.get(name) and body[name] != {"type": "text"}:
            raise RefusedError(400, f"{name}: {model!r} has no such option", param=name)
    given = {
        name: value
        for name, value in body.items()
        if name in names and name not in _NOT_OPTIONS and value is not None
    }
    options: dict[str, Any] = {names[name]: value for name, value in given.items()}
    if not _LENGTHS.isdisjoint(given):  # then the predict's own length, of either name, is off
        options = {names[name]: None for name in _LENGTHS & names.keys()} | options
    if stop := body.get("stop"):
        options["stop"] = [stop] if isinstance(stop, str) else stop
    return predict.aio.using(**options) if options else predict.aio
