"""Requests that the openai SDK makes, and those that go out again with the head of one of them."""

from __future__ import annotations

import json
from contextlib import aclosing, asynccontextmanager, closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from ._openai_clients import lacking, sdk_timeout
from ._openai_heads import watched
from ._openai_hooks import http_library
from ._openai_sdk_errors import broken

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Hashable, Mapping

    from .._policies import Timeout
    from ._openai_heads import Heads
    from ._openai_options import Api

_BESIDE_BODY = ("extra_headers", "extra_query")
_as_the_sdk = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class Request:
    """One request of an API.

    The SDK makes each request that has headers or a query of its own, or is watched.

    Args:
        client: The SDK's client.
        heads: Those of this client; None if it makes every request itself, as one that is lent
            does, because others may watch it.
        api: `"chat"` or `"responses"`.
        payload: The keywords of the SDK's `create`.
        timeout: How long to wait for the connection.
    """

    def __init__(
        self,
        client: Any,
        heads: Heads | None,
        api: Api,
        payload: Mapping[str, Any],
        timeout: Timeout,
    ) -> None:
        self._client, self._payload, self._timeout = client, payload, timeout
        self._api: Api = api
        self._lent = heads is None
        own = any(payload.get(name) for name in _BESIDE_BODY)
        self._heads = None if own or watched(client, self._resource(client)) else heads
        self._body = None if self._heads is None else _body(payload)

    def _resource(self, client: Any) -> Any:
        try:
            return client.chat.completions if self._api == "chat" else client.responses
        except ModuleNotFoundError as error:  # the SDK imports them when they are used
            raise lacking(error) from error

    def create(self) -> Any:
        """Have the SDK make the request and send it."""
        return self._create(self._client)

    def _create(self, client: Any) -> Any:
        sent = self._payload if self._lent else _beside(self._payload, self._api)
        create = self._resource(client).with_streaming_response.create
        return create(**sent, timeout=sdk_timeout(self._timeout))

    def _key(self) -> Hashable:
        return self._api, self._timeout, *self._payload

    def answered(self, response: Any) -> None:
        """Keep the head of what the SDK sent, if its body is what we would have sent."""
        request = response.request
        if self._heads is None or self._body is None or response.history:
            return
        if request.headers.get("content-type") != "application/json":
            return
        if json.loads(request.content) == json.loads(self._body):
            self._heads.keep(self._key(), request)

    def again(self) -> tuple[Any, Any] | None:
        """Give an HTTP client and the request with an earlier head; None if there is none."""
        if self._heads is None or self._body is None:
            return None
        request = self._heads.request(self._key(), self._body)
        return request and (self._heads.http, request)

    def told(self, kind: Any, outcome: Any) -> Any:
        """Have the SDK make the request and be told what came of it, so that it says so.

        Args:
            kind: The HTTP library's class of client.
            outcome: A response that was read, or an error.
        """
        library = http_library(kind)
        http = kind(transport=library.MockTransport(partial(_come, outcome)), trust_env=False)
        return self._create(self._client.with_options(http_client=http))


@contextmanager
def answer(asked: Request) -> Generator[Any, None, None]:
    """Send a request and give its response, whose body is not read.

    Raises:
        openai.OpenAIError: What the SDK says of an error, or of a connection that broke.
    """
    again = asked.again()
    if again is None:
        with asked.create() as made:
            asked.answered(made.http_response)
            yield made.http_response
        return
    http, request = again
    try:
        outcome = http.send(request, stream=True)
    except broken() as error:
        outcome = error
    else:
        if outcome.is_success:
            with closing(outcome):
                yield outcome
            return
        outcome.read()
    with asked.told(http_library(request).Client, outcome) as made:
        yield made.http_response


@asynccontextmanager
async def async_answer(asked: Request) -> AsyncGenerator[Any, None]:
    """Send a request and give its response; the async twin of `answer`."""
    again = asked.again()
    if again is None:
        async with asked.create() as made:
            asked.answered(made.http_response)
            yield made.http_response
        return
    http, request = again
    try:
        outcome = await http.send(request, stream=True)
    except broken() as error:
        outcome = error
    else:
        if outcome.is_success:
            async with aclosing(outcome):
                yield outcome
            return
        await outcome.aread()
    async with asked.told(http_library(request).AsyncClient, outcome) as made:
        yield made.http_response


def _beside(payload: Mapping[str, Any], api: Api) -> dict[str, Any]:
    """Put the conversation beside what the SDK looks through for things to convert.

    Ours has none, and for 100 messages that takes it 26 ms.

    Args:
        payload: The keywords of the SDK's `create`.
        api: `"chat"` or `"responses"`.

    Returns:
        Keywords that send the same.
    """
    said = "messages" if api == "chat" else "input"
    more = {said: payload[said], **(payload.get("extra_body") or {})}
    return {**payload, said: [], "extra_body": more}


def _body(payload: Mapping[str, Any]) -> bytes | None:
    """Give what the SDK would send of a payload of plain JSON; None if it is another."""
    said = {name: value for name, value in payload.items() if name not in _BESIDE_BODY}
    more = said.pop("extra_body", None) or {}
    try:
        return _as_the_sdk({**said, **more}).encode()
    except (TypeError, ValueError):
        return None


def _come(outcome: Any, _request: Any) -> Any:
    if isinstance(outcome, Exception):
        raise outcome
    body = http_library(outcome).ByteStream(outcome.content)  # as content it would add headers
    return type(outcome)(outcome.status_code, headers=outcome.headers, stream=body)
