"""Requests that the openai SDK makes, and those that go out again with the head of one of them."""

from __future__ import annotations

import json
from contextlib import aclosing, asynccontextmanager, closing, contextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._openai_clients import sdk_timeout
from ._openai_options import beside

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping

    from .._policies import Timeout
    from ._openai_heads import Heads
    from ._openai_options import Api

_BESIDE_BODY = ("extra_headers", "extra_query")
_AS_THE_SDK: dict[str, Any] = {
    "ensure_ascii": False,
    "separators": (",", ":"),
    "allow_nan": False,
}


class Call:
    """One request of an API.

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
        self._client, self._heads, self._api, self._timeout = client, heads, api, timeout
        self._sent = dict(payload) if heads is None else beside(payload, api)
        self._body = _body(payload) if heads is not None else None
        beside_body = (repr(payload.get(name)) for name in _BESIDE_BODY)
        self._key = (api, timeout, *beside_body, *payload)

    def create(self, client: Any = None) -> Any:
        """Have the SDK make the request and send it."""
        client = client or self._client
        resource = client.chat.completions if self._api == "chat" else client.responses
        create = resource.with_streaming_response.create
        return create(**self._sent, timeout=sdk_timeout(self._timeout))

    def answered(self, response: Any) -> None:
        """Keep the head of what the SDK sent, if its body is what we would have sent."""
        if self._heads is None or self._body is None or response.history:
            return
        if json.loads(response.request.content) == json.loads(self._body):
            self._heads.keep(self._key, response.request)

    def again(self) -> Any | None:
        """Make the request with the head of an earlier one; None if there is none."""
        if self._heads is None or self._body is None:
            return None
        return self._heads.request(self._key, self._body)

    def told(self, kind: str, outcome: Any) -> Any:
        """Have the SDK make the request and be told what came of it, so that it says so.

        Args:
            kind: `"Client"` or `"AsyncClient"`.
            outcome: A response that was read, or an error of the HTTP library.
        """
        library = _library(outcome)
        transport = library.MockTransport(partial(_come, library, outcome))
        http = getattr(library, kind)(transport=transport, trust_env=False)
        return self.create(self._client.with_options(http_client=http))

    @property
    def http(self) -> Any:
        """The HTTP client that sends what `again` made."""
        return self._heads and self._heads.http


@contextmanager
def answer(call: Call) -> Generator[Any, None, None]:
    """Send a request and give its response, whose body is not read.

    Raises:
        openai.OpenAIError: What the SDK says of an error, or of a connection that broke.
    """
    request = call.again()
    if request is None:
        with call.create() as made:
            call.answered(made.http_response)
            yield made.http_response
        return
    try:
        outcome = call.http.send(request, stream=True)
    except _library(request).RequestError as error:
        outcome = error
    else:
        if outcome.is_success:
            with closing(outcome):
                yield outcome
            return
        outcome.read()
    with call.told("Client", outcome) as made:
        yield made.http_response


@asynccontextmanager
async def async_answer(call: Call) -> AsyncGenerator[Any, None]:
    """Send a request and give its response; the async twin of `answer`."""
    request = call.again()
    if request is None:
        async with call.create() as made:
            call.answered(made.http_response)
            yield made.http_response
        return
    try:
        outcome = await call.http.send(request, stream=True)
    except _library(request).RequestError as error:
        outcome = error
    else:
        if outcome.is_success:
            async with aclosing(outcome):
                yield outcome
            return
        await outcome.aread()
    async with call.told("AsyncClient", outcome) as made:
        yield made.http_response


def _body(payload: Mapping[str, Any]) -> bytes | None:
    """Give what the SDK would send of a payload of plain JSON; None if it is another."""
    said = {name: value for name, value in payload.items() if name not in _BESIDE_BODY}
    more = said.pop("extra_body", None) or {}
    try:
        return json.dumps({**said, **more}, **_AS_THE_SDK).encode()
    except (TypeError, ValueError):
        return None


def _come(library: Any, outcome: Any, _request: Any) -> Any:
    if isinstance(outcome, Exception):
        raise outcome
    body = library.ByteStream(outcome.content)  # given as content it would change the headers
    return library.Response(outcome.status_code, headers=outcome.headers, stream=body)


def _library(thing: Any) -> Any:
    """Give httpx2, or httpx, whichever the SDK is built on."""
    return import_module(type(thing).__module__.partition(".")[0])
