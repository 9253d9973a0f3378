"""The web app: routes, keys, limits, and answers that stop when nobody listens any more."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from .._errors import OptionError
from .._registry import missing
from .._spec import as_tuple
from ._answer import Answer
from ._errors import RefusedError, error_answer
from ._guard import Gate, check_key, read_body
from ._openapi import description
from ._request import read_request

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from .._protocols import Predict
    from ._request import Asked


def asgi(
    predicts: Predict | Mapping[str, Predict],
    *,
    api_keys: Sequence[str] = (),
    cors_origins: Sequence[str] = (),
    max_concurrency: int = 256,
    max_body: int = 16 * 2**20,
) -> Starlette:
    """Make an OpenAI-compatible web app of predicts.

    It serves `/v1/models`, `/v1/chat/completions`, `/v1/completions`, `/health` and
    `/openapi.json`. Request options reach a backend where it takes them (see
    `Backend.request_options`); stop sequences always hold. A client that goes away stops the
    reply. No local file is ever read for a request.

    Args:
        predicts: One predict, served under its backend's model name, or several by name.
        api_keys: Keys of which a request must bear one; none lets everybody in.
        cors_origins: Origins whose pages may ask, such as `https://chat.example`; none by
            default.
        max_concurrency: Most replies at once; a further request is refused with status 503.
        max_body: Most bytes of a request; a larger one is refused with status 413.

    Returns:
        The app, to be run by any ASGI server.

    Raises:
        MissingDependencyError: Starlette is not installed.
        OptionError: A key is empty.

    Example:
        >>> from chatadapters import echo_predict
        >>> from chatadapters.server import asgi
        >>> app = asgi({"parrot": echo_predict()})
    """
    try:
        from starlette.applications import Starlette
        from starlette.middleware import Middleware
        from starlette.middleware.cors import CORSMiddleware
        from starlette.routing import Route
    except ImportError as error:
        raise missing("starlette", "server") from error

    keys, origins = as_tuple(api_keys), as_tuple(cors_origins)
    if "" in keys:
        raise OptionError("api_keys: a key is empty; was it read from an unset variable?")
    served = _Served(predicts, keys, Gate(max_concurrency), max_body)
    routes = [
        Route("/health", served.health),
        Route("/openapi.json", served.openapi),
        Route("/v1/models", served.models),
        Route("/v1/models/{model:path}", served.models),
        Route("/v1/chat/completions", partial(served.answer, chat=True), methods=["POST"]),
        Route("/v1/completions", partial(served.answer, chat=False), methods=["POST"]),
    ]
    cors = Middleware(
        CORSMiddleware, allow_origins=origins, allow_methods=["*"], allow_headers=["*"]
    )
    return Starlette(routes=routes, middleware=[cors] if origins else [], lifespan=served.lifespan)


def serve(app: Starlette, *, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Run an app until it is interrupted; replies that run then have five seconds to end.

    Args:
        app: What `asgi` gave.
        host: The address to listen on.
        port: The port to listen on.

    Raises:
        MissingDependencyError: uvicorn is not installed.

    Example:
        >>> from chatadapters import echo_predict
        >>> from chatadapters.server import asgi, serve
        >>> def main():
        ...     serve(asgi({"parrot": echo_predict()}), port=8000)
    """
    try:
        from uvicorn import run
    except ImportError as error:
        raise missing("uvicorn", "server") from error
    run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=5)


class _Served:
    """The predicts that are served, and the rules under which."""

    def __init__(
        self,
        predicts: Predict | Mapping[str, Predict],
        api_keys: tuple[str, ...],
        gate: Gate,
        max_body: int,
    ) -> None:
        named = predicts if isinstance(predicts, Mapping) else {_model_name(predicts): predicts}
        self._predicts = dict(named)
        self._keys, self._gate, self._max_body = api_keys, gate, max_body

    async def health(self, request: Request) -> Response:  # noqa: ARG002 - Starlette passes it
        return _json({"status": "ok"})

    async def openapi(self, request: Request) -> Response:  # noqa: ARG002 - Starlette passes it
        return _json(description(list(self._predicts), keys=bool(self._keys)))

    async def models(self, request: Request) -> Response:
        async def listed() -> Response:
            wanted = request.path_params.get("model")
            models = [{"id": n, "object": "model", "created": 0, "owned_by": "chatadapters"}
                      for n in self._predicts if wanted in (None, n)]  # fmt: skip
            if wanted is None:
                return _json({"object": "list", "data": models})
            if not models:
                raise RefusedError(404, f"no model {wanted!r}", "invalid_request_error",
                                   "model_not_found")  # fmt: skip
            return _json(models[0])

        return await self._guarded(request, listed)

    async def answer(self, request: Request, *, chat: bool) -> Response:
        async def answered() -> Response:
            body = await read_body(request, self._max_body)
            asked = read_request(body, self._predicts, chat=chat)
            answer = self._streamed if asked.stream else self._whole
            return await answer(asked, request)

        return await self._guarded(request, answered)

    async def _guarded(self, request: Request, work: Callable[[], Any]) -> Response:
        try:
            check_key(request.headers.get("authorization", ""), self._keys)
            response: Response = await work()
        except Exception as error:  # whatever goes wrong is answered in OpenAI's form
            status, answer = error_answer(error)
            headers = {"Retry-After": "1"} if status == 503 else {}  # noqa: PLR2004
            return _json(answer, status, headers)
        return response

    async def _whole(self, asked: Asked, request: Request) -> Response:
        from ._guard import unless_gone

        with self._gate.passing():
            reply = await unless_gone(request, asked.predict.complete(asked.message, asked.history))
        return _json(Answer(asked).whole(reply))

    async def _streamed(self, asked: Asked, request: Request) -> Response:
        from starlette.responses import StreamingResponse

        from ._guard import unless_gone

        pieces = self._events(asked)
        # What fails before any text is still a proper status.
        first = await unless_gone(request, anext(pieces))
        return StreamingResponse(_behind(first, pieces), media_type="text/event-stream")

    async def _events(self, asked: Asked) -> AsyncGenerator[str, None]:
        answer = Answer(asked)
        opened = False
        with self._gate.passing():
            events = asked.predict.events(asked.message, asked.history)
            async with aclosing(events):
                try:
                    async for event in events:
                        chunks = answer.feed(event)
                        if chunks and not opened:
                            chunks, opened = [*answer.opening(), *chunks], True
                        for chunk in chunks:
                            yield _event(chunk)
                except Exception as error:  # after the first text only the stream can tell
                    if not opened:
                        raise
                    yield _event(error_answer(error)[1])
                    return
        yield "data: [DONE]\n\n"

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncGenerator[None, None]:  # noqa: ARG002
        yield
        for predict in self._predicts.values():
            await predict.aio.close()


def _model_name(predict: Predict) -> str:
    model = getattr(predict.backend, "model", None)
    return model if isinstance(model, str) else predict.backend.name


async def _behind(first: str, pieces: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    async with aclosing(pieces):
        yield first
        async for piece in pieces:
            yield piece


def _event(chunk: dict[str, Any]) -> str:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"


def _json(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    from starlette.responses import JSONResponse

    return JSONResponse(content, status, headers=headers)
