"""The web app: its routes, and what is served under which rules."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from .._checks import is_sendable, is_whole
from .._errors import OptionError
from .._predict import spec_of
from .._registry import missing
from .._spec import as_tuple
from ._errors import RefusedError
from ._guard import Gate, Rules, check_caller, check_origins
from ._openapi import description
from ._replies import Replies
from ._request import no_model

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from .._protocols import Predict

_NOT_FOUND = 404


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
    `Backend.request_options`); stop sequences always hold. One that only tunes the reply, such
    as `seed`, is left out where a backend has none, as is an unknown one, and logged once; one
    that would make it another reply, such as `tools`, is refused. A client that goes away
    stops the reply. No local file is ever read for a request.

    Args:
        predicts: One predict, served under its backend's model name, or several by name.
        api_keys: Keys of which a request must bear one; none lets everybody in but web pages.
        cors_origins: Origins whose pages may ask, such as `https://chat.example`; none by
            default.
        max_concurrency: Most requests at once; a further one is refused with status 503.
        max_body: Most bytes of a request; a larger one is refused with status 413.

    Returns:
        The app, to be run by any ASGI server.

    Raises:
        MissingDependencyError: Starlette is not installed.
        OptionError: A key is empty, an origin is none, a bound is no whole number above 0, or
            there is nothing to serve under a name.

    Example:
        >>> from chatadapters import echo_predict
        >>> from chatadapters.server import asgi
        >>> app = asgi({"parrot": echo_predict()})
    """
    try:
        from starlette.applications import Starlette
        from starlette.exceptions import HTTPException
        from starlette.middleware import Middleware
        from starlette.middleware.cors import CORSMiddleware
        from starlette.routing import Route
    except ImportError as error:
        raise missing("starlette", "server") from error

    rules = Rules(as_tuple(api_keys), as_tuple(cors_origins), Gate(max_concurrency), max_body)
    if not all(map(is_sendable, rules.api_keys)):
        raise OptionError("api_keys: a key is no valid Unicode: give it in UTF-8")
    if not all(isinstance(key, str) and key for key in rules.api_keys):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise OptionError("api_keys: a key is empty; was it read from an unset variable?")
    check_origins(rules.cors_origins)
    for name, most in (("max_concurrency", max_concurrency), ("max_body", max_body)):
        if not is_whole(1, most):
            raise OptionError(f"{name}={most!r}: give a whole number, 1 or more")
    served = _Served(_named(predicts), rules)
    routes = [
        Route("/health", served.health),
        Route("/openapi.json", served.openapi),
        Route("/v1/models", served.models),
        Route("/v1/models/{model:path}", served.model),
        Route("/v1/chat/completions", served.replies(chat=True), methods=["POST"]),
        Route("/v1/completions", served.replies(chat=False), methods=["POST"]),
    ]
    cors = Middleware(
        CORSMiddleware, allow_origins=rules.cors_origins, allow_methods=["*"], allow_headers=["*"]
    )
    app = Starlette(
        routes=routes,
        middleware=[cors] if rules.cors_origins else [],
        exception_handlers={RefusedError: _refused, HTTPException: _refused},
        lifespan=served.lifespan,
    )
    app.router.redirect_slashes = False  # a redirect would go where the Host header says
    return app


class _Served:
    """The predicts that are served."""

    def __init__(self, predicts: Mapping[str, Predict], rules: Rules) -> None:
        self._predicts, self._rules = predicts, rules

    async def health(self, request: Request) -> Response:  # noqa: ARG002 - Starlette passes it
        return _json({"status": "ok"})

    async def openapi(self, request: Request) -> Response:
        self._check(request)
        takes = {
            name for each in self._predicts.values() for name in each.backend.request_options()
        }
        return _json(description([*self._predicts], takes, keys=bool(self._rules.api_keys)))

    async def models(self, request: Request) -> Response:
        self._check(request)
        return _json({"object": "list", "data": [_model(name) for name in self._predicts]})

    async def model(self, request: Request) -> Response:
        self._check(request)
        name = request.path_params["model"]
        if name not in self._predicts:
            raise no_model(name, self._predicts)
        return _json(_model(name))

    def replies(self, *, chat: bool) -> Replies:
        return Replies(self._predicts, self._rules, chat=chat)

    def _check(self, request: Request) -> None:
        check_caller(request, self._rules.api_keys, self._rules.cors_origins)

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncGenerator[None, None]:  # noqa: ARG002
        yield
        for predict in self._predicts.values():
            await predict.aio.close()


def _named(predicts: Predict | Mapping[str, Predict]) -> dict[str, Predict]:
    if isinstance(predicts, Mapping):
        if not predicts:
            raise OptionError("predicts: give at least one predict, by the name of its model")
        for name, predict in predicts.items():
            if not isinstance(name, str) or not name:  # pyright: ignore[reportUnnecessaryIsInstance]
                raise OptionError(f"predicts: {name!r} is no name of a model, such as 'parrot'")
            spec_of(predict, f"predicts[{name!r}]")
        return dict(predicts)
    spec_of(predicts, "asgi")
    model = getattr(predicts.backend, "model", None)
    return {model if isinstance(model, str) else predicts.backend.name: predicts}


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "chatadapters"}


async def _refused(request: Request, error: Any) -> Response:
    if not isinstance(error, RefusedError):  # Starlette's own: no such path, no such method
        message = f"{request.method} {request.url.path}: {error.detail}"
        if error.status_code == _NOT_FOUND and not request.url.path.startswith("/v1/"):
            message += "; a base URL of this server ends in /v1"
        allowed = [*(error.headers or {}).items()]
        error = RefusedError(error.status_code, message, headers=allowed)
    return _json(error.answer(), error.status, dict(error.headers))


def _json(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    from starlette.responses import JSONResponse

    return JSONResponse(content, status, headers=headers)
