"""TGI's wire: the parameters of a request, and the reader of the streams that answer it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from .._errors import MalformedStreamError, OptionError, ProviderStreamError, StreamError
from .._events import Failed, Finish
from .._json import TypedDecoder, loads
from ._continuing import fewer_tokens
from ._finish_reason import finish_reason
from ._raw_prompt import RawWire
from ._tgi_errors import retryable
from ._tgi_package import check_request, in_its_type
from ._wire_errors import reported
from ._wire_options import APART, TGI, TGI_OPENAI_NAMES, check_names
from ._wire_reader import EVENT_LIMIT, WireReader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._events import ReaderEvent
    from ._tgi_types import Details, Event

#: What a stream of one answer allows no other value for.
_FIXED: Mapping[str, Any] = {
    "best_of": 1,
    "decoder_input_details": False,
    "details": True,
    "return_full_text": False,
}


def tgi_body(prompt: str, options: Mapping[str, Any], stops: Sequence[str]) -> dict[str, Any]:
    """Build the body of a request for a stream.

    Args:
        prompt: The text to continue.
        options: Parameters of the request, and `extra_body` for what only this server knows.
        stops: At most as many stop sequences as the server takes.

    Returns:
        The body; its `details` make the server say how the reply ended and what it took.

    Raises:
        OptionError: A parameter does not exist or cannot have this value.
    """
    check_names(options, TGI)
    parameters = {name: _plain(value) for name, value in options.items() if name not in APART}
    for name, only in _FIXED.items():
        if parameters.get(name, only) != only:
            raise OptionError(f"{name}={parameters[name]!r}: a streamed reply takes {only!r} only")
    parameters["details"] = True
    if stops:
        parameters["stop"] = list(stops)
    body = {"inputs": prompt, "parameters": parameters, "stream": True}
    check_request(body)
    extra = dict(options.get("extra_body", {}))
    parameters.update(extra.pop("parameters", {}))
    return {**body, **extra}


def _plain(value: Any) -> Any:
    """Give an object of the text-generation package, such as its `Grammar`, as plain values."""
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


def tgi_resumed(payload: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Give the request that continues a reply after `text`, with the tokens that are left."""
    parameters = fewer_tokens(payload["parameters"], text)
    return {**payload, "inputs": payload["inputs"] + text, "parameters": parameters}


@cache
def _decoder() -> TypedDecoder[Event]:
    from ._tgi_types import Event

    return TypedDecoder(Event)


class TgiReader(WireReader):
    r"""Reads the answer to `/generate_stream`.

    Args:
        cumulative: Whether the server sends the text so far where the new text belongs.
        limit: Most bytes of one event.

    Example:
        >>> TgiReader().feed(b'data:{"token": {"id": 7, "text": "Hi", "special": false}}\n\n')
        [Text(delta='Hi')]
    """

    def __init__(self, *, cumulative: bool = False, limit: int = EVENT_LIMIT) -> None:
        super().__init__(cumulative=cumulative, limit=limit)
        self._decode = _decoder().decode
        self._finished = False

    def _event(self, data: bytes) -> None:
        event = self._decode(data)
        if event.error is not None:
            raise _failure(event, data)
        if event.choices is not None:
            raise MalformedStreamError(
                "the server speaks OpenAI's API, not TGI's: use openai_predict, or "
                'wire="completions" with a base_url that ends in /v1'
            )
        if event.token is None and event.generated_text is None:
            self._no_answer(data)
        if self._finished:
            return
        if event.token is None:
            if not any(self._out.said):  # a whole answer in place of a stream
                self._out.text(event.generated_text or "")
        elif not event.token.special:
            self._out.text(event.token.text or "")
        if event.generated_text is not None or event.details is not None:
            self._finish(event.details)

    def _finish(self, details: Details | None) -> None:
        reason = finish_reason(details.finish_reason) if details else None
        if details:
            counts = {
                "input_tokens": details.input_length,
                "output_tokens": details.generated_tokens,
            }
            self._out.usage = counts if any(counts.values()) else None
        self._finished = True
        self._out.end(Finish(reason or "stop"))

    def _broken(self, error: StreamError) -> Sequence[ReaderEvent]:
        self._over = True
        failure: Exception = error
        if isinstance(error, ProviderStreamError):
            failure = in_its_type(error, error.status or 200, error.code)
        return [*self._out.take(), Failed(failure)]


def _failure(event: Event, data: bytes) -> ProviderStreamError:
    error = reported(loads(data))
    if retryable(error) is None:
        error.status = error.status or event.http_status_code
    return error


TGI_WIRE = RawWire("/generate_stream", "inputs", tgi_body, TgiReader, tgi_resumed, TGI_OPENAI_NAMES)
