"""A small server of TGI's wire on loopback: on the embedded model, or with scripted tokens."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, Self

from ._tgi_tokens import Generation, ModelTokens, ScriptedTokens, Token

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    Source = Callable[[str, Mapping[str, Any]], Generation]

_MOST_STOPS = 4
_MOST_TOKENS = 100
_STREAM_ROUTES = ("/", "/generate_stream")


class TgiServer:
    """Serves `/generate_stream` as Text Generation Inference does; a context manager.

    A stop sequence ends a reply where it ends a token, and is part of the text; special tokens
    are sent and marked; wrong parameters are reported inside a stream.

    Args:
        source: Gives the tokens of a request.
        token: The access token that requests must carry; `""` for none.

    Attributes:
        base_url: Its address.
        requests: The bodies of the requests that came.

    Example:
        >>> from chatadapters import text_generation_predict
        >>> with TgiServer(ScriptedTokens(["Hello", " there", "<|end|>"])) as server:
        ...     reply = text_generation_predict(server.base_url).complete("Hi")
        >>> reply.text, reply.usage.output_tokens
        ('Hello there', 3)
    """

    def __init__(self, source: Source, *, token: str = "") -> None:
        self.requests: list[dict[str, Any]] = []
        handler = type("Handler", (_Handler,), {"tgi": self, "source": staticmethod(source)})
        self.authorization = f"Bearer {token}" if token else None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def tgi_server(
    texts: Sequence[str] | None = None, *, token: str = ""
) -> Generator[TgiServer, None, None]:
    """Serve TGI's wire on loopback.

    Args:
        texts: The tokens of every reply; by default the embedded model gives them, which
            `template="chatml"` fits.
        token: The access token that requests must carry; `""` for none.

    Yields:
        The server.

    Example:
        >>> from chatadapters import text_generation_predict
        >>> with tgi_server(["Hel", "lo"]) as server:
        ...     text_generation_predict(server.base_url).complete("Hi").text
        'Hello'
    """
    if texts is not None:
        with TgiServer(ScriptedTokens(texts), token=token) as server:
            yield server
        return
    from ._model_server import model_server

    with model_server() as model:
        source = ModelTokens(model.base_url.removesuffix("/v1"), {})
        with TgiServer(source, token=token) as server:
            yield server


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    tgi: TgiServer
    source: Source

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.tgi.requests.append(body)
        if self.tgi.authorization not in (None, self.headers["authorization"]):
            self._answer(401, {"error": "Invalid credentials in Authorization header"})
        elif self.path in _STREAM_ROUTES:
            self._stream(body)
        else:
            self._answer(404, {"error": "Not Found", "error_type": "not_found"})

    def _answer(self, status: int, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, body: Mapping[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        with suppress(ConnectionError), closing(self._events(body)) as events:
            for event in events:
                self.wfile.write(b"data:" + json.dumps(event).encode() + b"\n\n")

    def _events(self, body: Mapping[str, Any]) -> Generator[dict[str, Any], None, None]:
        given = (body.get("parameters") or {}).items()
        parameters = {name: value for name, value in given if value is not None}
        wrong = wrong_parameter(body.get("inputs", ""), parameters)
        if wrong:
            yield {"error": f"Input validation error: {wrong}", "error_type": "validation"}
            return
        generation = self.source(body["inputs"], parameters)
        with closing(generation.tokens):
            yield from tgi_events(generation, parameters)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


def wrong_parameter(inputs: str, parameters: Mapping[str, Any]) -> str | None:
    """Say what TGI finds wrong with a request, or None."""
    if not inputs:
        return "`inputs` cannot be empty"
    for name in ("temperature", "repetition_penalty", "top_k", "max_new_tokens", "truncate"):
        if parameters.get(name, 1) <= 0:
            return f"`{name}` must be strictly positive"
    for name in ("top_p", "typical_p"):
        if not 0 < parameters.get(name, 0.5) < 1:
            return f"`{name}` must be > 0.0 and < 1.0"
    if len(parameters.get("stop", ())) > _MOST_STOPS:
        given = len(parameters["stop"])
        return f"`stop` supports up to {_MOST_STOPS} stop sequences. Given: {given}"
    return None


def tgi_events(
    generation: Generation, parameters: Mapping[str, Any]
) -> Generator[dict[str, Any], None, None]:
    """Give the events of a stream: one for each token, the last one with the whole text."""
    most, stops = parameters.get("max_new_tokens", _MOST_TOKENS), parameters.get("stop", ())
    text, count = "", 0
    for token in generation.tokens:
        count += 1
        text += "" if token.special else token.text
        reason = _reason(token, text, count >= most, stops)
        if reason is not None:
            break
        yield _event(count, token)
    else:
        token, reason = Token(""), "length"
    counts = {"generated_tokens": count, "input_length": generation.input_length, "seed": None}
    details = {"finish_reason": reason, **counts} if parameters.get("details") else None
    yield _event(count, token) | {"generated_text": text, "details": details}


def _reason(token: Token, text: str, full: bool, stops: Sequence[str]) -> str | None:
    if full:
        return "length"
    if token.special:
        return "eos_token"
    return "stop_sequence" if any(text.endswith(stop) for stop in stops) else None


def _event(number: int, token: Token) -> dict[str, Any]:
    shown = {"id": number, "text": token.text, "logprob": -0.5, "special": token.special}
    return {"index": number, "token": shown, "generated_text": None, "details": None}
